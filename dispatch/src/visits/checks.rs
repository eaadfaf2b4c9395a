//! What is checked on a visit, each thing once, whoever asks for it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::OpenTask;
use crate::department::DepartmentId;
use crate::lists::read_rows;
use crate::problem::Problem;
use crate::task::TaskId;

/// One thing that is checked for a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Code of the matter.
    pub matter: String,
    /// Code of the thing: the same thing of two matters has one code and is done once.
    pub code: String,
    /// Chinese text.
    pub name_zh: String,
    /// English text.
    pub name_en: String,
    /// How long it takes.
    pub minutes: u32,
    /// What one has to be able to do or carry; none for anybody.
    #[serde(default)]
    pub skill: Option<String>,
}

impl Check {
    /// Reads a CSV text with the columns `matter, code, name_zh, name_en, minutes, skill`; `name` is used in messages only.
    ///
    /// # Errors
    /// Every row that does not fit, with its line.
    pub fn read_csv(name: &str, text: &str) -> Result<Vec<Self>, Vec<Problem>> {
        read_rows(name, text)
    }

    /// Returns how long it takes.
    pub fn time(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.minutes))
    }
}

/// One thing that is checked on a visit, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedCheck {
    /// Code of the thing.
    pub code: String,
    /// Chinese text.
    pub name_zh: String,
    /// English text.
    pub name_en: String,
    /// Departments that want to know, in order of their ids.
    pub departments: Vec<DepartmentId>,
    /// Tasks that it is for, in the order of the visit.
    pub tasks: Vec<TaskId>,
}

/// Merges the check-lists of tasks in the order of a visit: each code once, in the order in which it comes up first.
pub(super) fn merged(tasks: &[&OpenTask]) -> Vec<MergedCheck> {
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    let mut merged: Vec<MergedCheck> = Vec::new();
    for task in tasks {
        for check in &task.checks {
            let index = *place.entry(&check.code).or_insert_with(|| {
                merged.push(MergedCheck {
                    code: check.code.clone(),
                    name_zh: check.name_zh.clone(),
                    name_en: check.name_en.clone(),
                    departments: Vec::new(),
                    tasks: Vec::new(),
                });
                merged.len() - 1
            });
            if let Some(entry) = merged.get_mut(index) {
                add(&mut entry.departments, &task.department);
                if !entry.tasks.contains(&task.task) {
                    entry.tasks.push(task.task);
                }
            }
        }
    }
    merged
}

fn add(departments: &mut Vec<DepartmentId>, department: &DepartmentId) {
    if let Err(place) = departments.binary_search(department) {
        departments.insert(place, department.clone());
    }
}
