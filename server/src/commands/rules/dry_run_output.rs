//! The tables of a dry run: what changes, and the counts by department.

use comfy_table::{ContentArrangement, Table, presets};
use dispatch::{DepartmentId, Departments};

use super::compare::{Change, Comparison, Made};

/// Writes the changes and the counts.
pub fn text(comparison: &Comparison, departments: &Departments) -> String {
    let (all, changed) = (comparison.incidents, comparison.changes.len());
    let summary = format!("{changed} of {all} incidents would have gone another way");
    if changed == 0 {
        return summary;
    }
    format!("{}\n\n{}\n{summary}", changes(&comparison.changes, departments), counts(comparison, departments))
}

fn changes(changes: &[Change], departments: &Departments) -> String {
    let mut table =
        table(&["incident 事件", "class", "place 位置", "lead 主办", "rule 规则", "deadline 时限"]);
    for change in changes {
        let (before, after) = (&change.before, &change.after);
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let allowed =
            |made: &Made| made.allowed.map_or_else(|| "-".to_owned(), |allowed| allowed.to_string());
        let moved = change.deadline_change_hours.filter(|hours| hours.abs() > 1e-9);
        let moved = moved.map(|hours| format!("\n{hours:+.1} h")).unwrap_or_default();
        table.add_row([
            change.incident.clone(),
            change.class.clone(),
            format!("{}\n{}", change.place_zh, change.place_en),
            arrow(&lead(before, departments), &lead(after, departments)),
            arrow(&text(&before.rule), &text(&after.rule)),
            format!("{}{moved}", arrow(&allowed(before), &allowed(after))),
        ]);
    }
    table.to_string()
}

fn counts(comparison: &Comparison, departments: &Departments) -> String {
    let mut table = table(&["department 部门", "before 现行", "after 新规则", "change 变化"]);
    for (desk, counts) in &comparison.departments {
        let name = match desk.as_str() {
            "person" => "a person decides 待人工研判".to_owned(),
            "licensed" => "no incident 许可范围内".to_owned(),
            id => named(id, departments),
        };
        let change = counts.after as i64 - counts.before as i64;
        table.add_row([name, counts.before.to_string(), counts.after.to_string(), format!("{change:+}")]);
    }
    table.to_string()
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.iter().copied());
    table
}

fn arrow(before: &str, after: &str) -> String {
    if before == after { before.to_owned() } else { format!("{before}\n-> {after}") }
}

fn lead(made: &Made, departments: &Departments) -> String {
    let mut text = match &made.lead {
        _ if made.licensed => "none 不作为事件".to_owned(),
        Some(lead) => named(lead, departments),
        None => "-".to_owned(),
    };
    if made.needs_person && !made.licensed {
        text.push_str(" (person 人工)");
    }
    text
}

fn named(id: &str, departments: &Departments) -> String {
    let department = departments.get(&DepartmentId::from(id));
    department.map_or_else(|| id.to_owned(), |department| format!("{} {id}", department.name_zh))
}
