//! One HTML file with every picture, truth and prediction drawn, worst first.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use models::eval::average_precision::{Boxes, Rect, hits};
use models::eval::boxes::FOUND_IOU;
use models::eval::{boxes, mask, slice};
use models::{Card, RgbImage};

use super::drawing::{FOUND_COLOUR, TRUE_COLOUR, WEAK_COLOUR};
use super::report::Report;
use super::table;

const JPEG_QUALITY: u8 = 72;
/// Pictures of one section at most: the worst.
const SECTION_MAX: usize = 240;
/// Masks that share less than this with the truth are shown among the missed.
const POOR_IOU: f64 = 0.5;

/// Where a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Missed,
    FalseAlarm,
    Rest,
}

/// One picture of the gallery.
#[derive(Debug)]
pub struct Entry {
    name: String,
    view: Option<String>,
    section: Section,
    /// Larger is worse, within a section.
    badness: f64,
    score: String,
    jpeg: Vec<u8>,
}

/// Returns the entry of a picture with a mask.
///
/// # Errors
/// When the drawing cannot be encoded.
pub fn of_mask(picture: &mask::Picture, card: &Card, drawn: &RgbImage) -> anyhow::Result<Entry> {
    let least = card.classes.first().and_then(|class| class.min_area_share).map_or(0.0, f64::from);
    let counts = &picture.counts;
    let share = |pixels: u64| pixels as f64 / counts.valid.max(1) as f64;
    let (there, found) = (counts.hit + counts.missed, counts.hit + counts.false_found);
    let iou = counts.hit as f64 / (there + counts.false_found).max(1) as f64;
    let alarms = counts.alarms(least);
    let (section, badness) = match (there > 0, alarms) {
        (true, false) => (Section::Missed, 2.0 - iou),
        (true, true) if iou < POOR_IOU => (Section::Missed, 1.0 - iou),
        (true, true) => (Section::Rest, 1.0 - iou),
        (false, true) => (Section::FalseAlarm, share(found)),
        (false, false) => (Section::Rest, share(found)),
    };
    let percent = |pixels: u64| 100.0 * share(pixels);
    let iou = if there > 0 { format!("IoU {iou:.3}, ") } else { String::new() };
    let score = format!("{iou}found {:.2} %, there {:.2} %", percent(found), percent(there));
    entry(&picture.name, picture.view.clone(), (section, badness, score), drawn)
}

/// Returns the entry of a picture with boxes; sorted by the class that is scored.
///
/// # Errors
/// When the drawing cannot be encoded.
pub fn of_boxes(picture: &boxes::Picture, card: &Card, drawn: &RgbImage) -> anyhow::Result<Entry> {
    let none = Boxes::default();
    let boxes = picture.classes.first().unwrap_or(&none);
    let least = card.classes.first().map_or(1.0, |class| f64::from(class.threshold));
    let best = boxes.found.iter().map(|(_, score)| *score).fold(0.0, f64::max);
    let strong: Vec<(Rect, f64)> = boxes.found.iter().filter(|(_, score)| *score >= least).copied().collect();
    let strong = Boxes { truth: boxes.truth.clone(), found: strong };
    let hit = hits(&strong, FOUND_IOU).iter().filter(|(_, hit)| *hit).count();
    let there = boxes.truth.len();
    let missed = (there - hit) as f64 / there.max(1) as f64;
    let (section, badness) = match (there > 0, !strong.found.is_empty()) {
        (true, false) => (Section::Missed, 3.0 - best),
        (true, true) if hit < there => (Section::Missed, missed),
        (true, true) => (Section::Rest, 1.0 - best),
        (false, true) => (Section::FalseAlarm, best),
        (false, false) => (Section::Rest, best),
    };
    let invented = strong.found.len() - hit;
    let score = format!("best score {best:.3}, found {hit} of {there}, invented {invented}");
    entry(&picture.name, picture.view.clone(), (section, badness, score), drawn)
}

fn entry(
    name: &str,
    view: Option<String>,
    (section, badness, score): (Section, f64, String),
    drawn: &RgbImage,
) -> anyhow::Result<Entry> {
    let jpeg = pipeline_cv::encode_jpeg(drawn, JPEG_QUALITY)?;
    Ok(Entry { name: name.to_owned(), view, section, badness, score, jpeg })
}

/// Returns the page: the table of scores, then missed pictures, false alarms and the rest, each worst first.
pub fn page(card: &Card, report: &Report, mut entries: Vec<Entry>) -> String {
    entries.sort_by(|a, b| b.badness.total_cmp(&a.badness).then_with(|| a.name.cmp(&b.name)));
    let class = card.classes.first().map_or("", |class| class.name.as_str());
    let title = escape(&format!("{} {} {}", card.name, card.version, card.precision));
    let legend = [
        (TRUE_COLOUR, "真值 truth"),
        (FOUND_COLOUR, "识别 found"),
        (WEAK_COLOUR, "低于阈值的最高分 best below the threshold"),
    ];
    let legend: String = legend.map(|(colour, text)| swatch(colour, text)).concat();
    let sections = [
        (Section::Missed, "漏报 Missed", "最差的在前 worst first"),
        (Section::FalseAlarm, "误报 False alarms", "得分最高的在前 highest first"),
        (Section::Rest, "其余 The rest", "最差的在前 worst first"),
    ];
    let sections: String =
        sections.map(|(of, heading, order)| section(&entries, of, heading, order)).concat();
    format!(
        "<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>{STYLE}</style></head>\n\
         <body><h1>{title} · {}</h1>\n<p>{legend}</p>\n<pre>{}</pre>\n{sections}</body></html>\n",
        escape(class),
        escape(&table::text(report)),
    )
}

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:24px;background:#111;color:#eee}\
    h1{font-size:20px}h2{font-size:17px;margin:28px 0 8px}pre{font-size:12px;overflow-x:auto}\
    .all{display:flex;flex-wrap:wrap;gap:12px}figure{margin:0;width:320px}\
    img{max-width:320px;display:block}figcaption{font-size:12px;overflow-wrap:anywhere}\
    i{display:inline-block;width:12px;height:12px;margin:0 6px 0 16px}small{color:#aaa;font-weight:400}";

fn swatch([red, green, blue]: [u8; 3], text: &str) -> String {
    format!("<i style=\"background:rgb({red},{green},{blue})\"></i>{}", escape(text))
}

fn section(entries: &[Entry], of: Section, heading: &str, order: &str) -> String {
    let all: Vec<&Entry> = entries.iter().filter(|entry| entry.section == of).collect();
    let shown = all.len().min(SECTION_MAX);
    let count = if shown < all.len() { format!("{shown} / {}", all.len()) } else { shown.to_string() };
    let mut html = format!("<h2>{heading} ({count}) <small>{order}</small></h2>\n<div class=\"all\">\n");
    for entry in all.into_iter().take(SECTION_MAX) {
        let view = entry.view.as_ref().map(|view| format!(", {view}")).unwrap_or_default();
        let caption = escape(&format!("{} [{}_{view}] {}", entry.name, slice(&entry.name), entry.score));
        // Writing into a text cannot fail.
        let _ = writeln!(
            html,
            "<figure><img loading=\"lazy\" alt=\"\" src=\"data:image/jpeg;base64,{}\"><figcaption>{caption}</figcaption></figure>",
            STANDARD.encode(&entry.jpeg)
        );
    }
    html.push_str("</div>\n");
    html
}

/// Names of files come from outside.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Card {
        Card::from_toml(include_str!("../../../../models/tests/data/boxes_card.toml")).unwrap()
    }

    fn picture(name: &str, truth: &[f64], found: &[(f64, f64)]) -> boxes::Picture {
        let at = |left_px: f64| Rect { left_px, top_px: 0.0, width_px: 10.0, height_px: 10.0 };
        let reds = Boxes {
            truth: truth.iter().map(|left| at(*left)).collect(),
            found: found.iter().map(|(left, score)| (at(*left), *score)).collect(),
        };
        boxes::Picture { name: name.to_owned(), view: None, classes: vec![reds, Boxes::default()] }
    }

    #[test]
    fn the_worst_comes_first_and_names_are_escaped() {
        let pictures = [
            picture("good_1.jpg", &[0.0], &[(0.0, 0.9)]),
            picture("half_1.jpg", &[0.0, 50.0], &[(0.0, 0.9)]),
            picture("silent<b>_1.jpg", &[0.0], &[(0.0, 0.1)]),
            picture("alarm_1.jpg", &[], &[(0.0, 0.7)]),
            picture("louder_1.jpg", &[], &[(0.0, 0.8)]),
        ];
        let drawn = RgbImage::new(2, 2, vec![0; 12]).unwrap();
        let entries = pictures.iter().map(|one| of_boxes(one, &card(), &drawn).unwrap()).collect();
        let report = Report::of_boxes(&card(), boxes::report(&pictures, &card().classes));
        let page = page(&card(), &report, entries);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is in the page"));
        let order = [
            "漏报 Missed (2)",
            "silent&lt;b&gt;_1.jpg [silent&lt;b&gt;_] best score 0.100, found 0 of 1, invented 0",
            "half_1.jpg [half_] best score 0.900, found 1 of 2, invented 0",
            "误报 False alarms (2)",
            "louder_1.jpg [louder_] best score 0.800",
            "alarm_1.jpg [alarm_] best score 0.700",
            "其余 The rest (1)",
            "good_1.jpg",
        ];
        assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{order:?}");
        assert!(!page.contains("http"), "the page asks nobody for anything");
    }
}
