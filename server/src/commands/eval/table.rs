//! Scores for a person: shares with their counts, all pictures first, then slices and views.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use models::eval::{Scores as Row, boxes, mask};

use super::report::{Report, Scores};

/// Returns the scores as tables.
pub fn text(report: &Report) -> String {
    let head = format!("{} {} {}", report.pack, report.version, report.precision);
    match &report.scores {
        Scores::Masks(scores) => of_masks(&head, scores),
        Scores::Boxes(scores) => of_boxes(&head, scores),
    }
}

fn of_masks(head: &str, scores: &mask::Report) -> String {
    let mut table = table(&["slice", "pictures", "IoU", "F1", "image recall", "false alarms", "area error"]);
    for (name, row) in rows(&scores.total, &scores.slices, &scores.views) {
        let [recall, false_alarm] = alarms(row);
        let images = row.images.to_string();
        table.add_row([
            name,
            images,
            share(row.iou),
            share(row.f1),
            recall,
            false_alarm,
            share(row.area_error),
        ]);
    }
    let (threshold, least) = (scores.total.threshold, scores.min_area_share);
    format!("{head}, threshold {threshold}, alarm from {least} of the picture\n{table}")
}

fn of_boxes(head: &str, scores: &boxes::Report) -> String {
    let mut all = table(&[
        "slice",
        "pictures",
        "AP50",
        "AP30",
        "AP50:95",
        "image recall",
        "false alarms",
        "box precision",
        "box recall",
    ]);
    let mut add = |name: String, row: &Row| {
        let [recall, false_alarm] = alarms(row);
        let [there, found, invented] =
            [row.boxes, row.boxes_found, row.boxes_invented].map(Option::unwrap_or_default);
        all.add_row([
            name,
            row.images.to_string(),
            share(row.ap50),
            share(row.ap30),
            share(row.ap),
            recall,
            false_alarm,
            of(row.box_precision, found, found + invented),
            of(row.box_recall, found, there),
        ]);
    };
    for (name, row) in rows(&scores.total, &scores.slices, &scores.views) {
        add(name, row);
    }
    for (name, row) in &scores.classes {
        add(format!("class {name}, {}", row.threshold), row);
    }
    format!("{head}, threshold {}\n{all}", scores.total.threshold)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(header.iter().copied());
    table
}

fn rows<'a>(
    total: &'a Row,
    slices: &'a BTreeMap<String, Row>,
    views: &'a BTreeMap<String, Row>,
) -> Vec<(String, &'a Row)> {
    let slices = slices.iter().map(|(name, row)| (format!("{name}_"), row));
    let views = views.iter().map(|(name, row)| (format!("view {name}"), row));
    std::iter::once(("all".to_owned(), total)).chain(slices).chain(views).collect()
}

fn alarms(row: &Row) -> [String; 2] {
    [
        of(row.recall, row.positives - row.missed, row.positives),
        of(row.false_alarm, row.alarms, row.negatives),
    ]
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn of(value: Option<f64>, part: usize, all: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3} ({part} of {all})"))
}
