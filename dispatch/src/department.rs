//! Departments that findings are sent to: configuration, never code.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, from_toml};

/// Identity of a department, such as `municipal_drainage`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DepartmentId(pub String);

impl fmt::Display for DepartmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for DepartmentId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// One department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Identity, used in rules and tasks.
    pub id: DepartmentId,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Telephone number or address of the duty desk.
    #[serde(default)]
    pub contact: Option<String>,
    /// Code of the township that this is the office of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// The departments of a city.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Departments {
    /// In the order of the file.
    pub departments: Vec<Department>,
}

impl Departments {
    /// Reads `departments.toml`.
    ///
    /// # Errors
    /// The first key that does not fit, or every problem of [`Departments::validate`] that is an error.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Problem>> {
        let departments: Self = from_toml(text).map_err(|problem| vec![problem])?;
        let problems = departments.validate();
        if problems.is_empty() { Ok(departments) } else { Err(problems) }
    }

    /// Returns the department with an id.
    pub fn get(&self, id: &DepartmentId) -> Option<&Department> {
        self.departments.iter().find(|department| department.id == *id)
    }

    /// Returns the office of a township.
    pub fn office_of(&self, township: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.zone.as_deref() == Some(township))
    }

    /// Returns what is wrong: no departments, malformed or duplicate ids, empty names, two offices of one township.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.departments.is_empty() {
            problems.push(Problem::error("departments", "holds no department"));
        }
        let mut seen = BTreeSet::new();
        for (index, department) in self.departments.iter().enumerate() {
            let path = |key: &str| format!("departments[{index}].{key}");
            let id = &department.id.0;
            let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if id.is_empty() || !id.chars().all(well_formed) {
                let message = format!("{id:?} is not made of lower-case letters, digits and underscores");
                problems.push(Problem::error(path("id"), message));
            }
            if !seen.insert(id) {
                problems.push(Problem::error(path("id"), format!("{id:?} is used by an earlier department")));
            }
            let earlier = self.departments.iter().take(index);
            if let Some(zone) = &department.zone
                && let Some(other) = earlier.into_iter().find(|other| other.zone.as_ref() == Some(zone))
            {
                let message = format!("{zone:?} has the office {:?} already", other.id.0);
                problems.push(Problem::error(path("zone"), message));
            }
            for (key, name) in [("name_zh", &department.name_zh), ("name_en", &department.name_en)] {
                if name.trim().is_empty() {
                    problems.push(Problem::error(path(key), "is empty"));
                }
            }
        }
        problems
    }
}
