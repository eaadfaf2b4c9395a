//! Checks of a card's values, all reported at once.

use std::collections::BTreeSet;

use super::{Card, Class, Decoder, Problem, SCHEMA_VERSION, Task};

/// Smallest and largest side of an input, in pixels.
const SIDE_PX: std::ops::RangeInclusive<i64> = 32..=4096;
/// Operator sets that both the exporter and the run-time serve.
const OPSETS: std::ops::RangeInclusive<u32> = 11..=24;
/// Most pictures in a fixed batch.
const BATCH_MAX: i64 = 64;

/// Returns every problem, in the order of the file.
pub(super) fn problems(card: &Card) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    head(card, &mut found);
    input(card, &mut found);
    output(card, &mut found);
    classes(&card.classes, &mut found);
    scores(card, &mut found);
    golden(card, &mut found);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn unless(&mut self, right: bool, path: impl Into<String>, message: impl FnOnce() -> String) {
        if !right {
            self.0.push(Problem::new(path, message()));
        }
    }

    fn text(&mut self, path: &str, value: &str) {
        self.unless(!value.trim().is_empty(), path, || "is empty".to_owned());
    }

    fn share(&mut self, path: &str, value: f64) {
        self.unless((0.0..=1.0).contains(&value), path, || format!("is {value}, not a share from 0 to 1"));
    }

    fn file_name(&mut self, path: &str, value: &str) {
        let plain = !value.is_empty() && !value.contains(['/', '\\', '\0']) && value != "." && value != "..";
        self.unless(plain, path, || format!("is {value:?}, not a plain file name inside the pack"));
    }
}

fn head(card: &Card, found: &mut Found) {
    found.unless(card.schema_version == SCHEMA_VERSION, "schema_version", || {
        format!("is {}, this release reads {SCHEMA_VERSION}", card.schema_version)
    });
    let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    found.unless(!card.name.is_empty() && card.name.chars().all(slug), "name", || {
        format!("is {:?}, want lower-case letters, digits, - and _", card.name)
    });
    found.text("version", &card.version);
    found.file_name("file", &card.file);
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    found.unless(card.sha256.len() == 64 && card.sha256.chars().all(hex), "sha256", || {
        format!("is {:?}, want 64 lower-case hex digits", card.sha256)
    });
    found.unless(OPSETS.contains(&card.opset), "opset", || {
        format!("is {}, want {} to {}", card.opset, OPSETS.start(), OPSETS.end())
    });
    found.text("licence", &card.licence);
    found.text("description.zh", &card.description.zh);
    found.text("description.en", &card.description.en);
}

fn batch(path: &str, batch: i64, found: &mut Found) {
    found.unless(batch == -1 || (1..=BATCH_MAX).contains(&batch), path, || {
        format!("is {batch}, want -1 or 1 to {BATCH_MAX}")
    });
}

fn input(card: &Card, found: &mut Found) {
    let input = &card.input;
    found.text("input.name", &input.name);
    let [count, planes, height, width] = input.shape;
    batch("input.shape[0]", count, found);
    found.unless(planes == 3, "input.shape[1]", || format!("is {planes}, want 3 colour planes"));
    for (path, side) in [("input.shape[2]", height), ("input.shape[3]", width)] {
        found.unless(SIDE_PX.contains(&side), path, || {
            format!("is {side}, want {} to {}", SIDE_PX.start(), SIDE_PX.end())
        });
    }
    for (plane, mean) in input.mean.iter().enumerate() {
        found.unless((0.0..=255.0).contains(mean), format!("input.mean[{plane}]"), || {
            format!("is {mean}, want 0 to 255")
        });
    }
    for (plane, scale) in input.scale.iter().enumerate() {
        found.unless(scale.is_finite() && *scale > 0.0, format!("input.scale[{plane}]"), || {
            format!("is {scale}, want a positive number")
        });
    }
}

fn output(card: &Card, found: &mut Found) {
    let output = &card.output;
    found.text("output.name", &output.name);
    let fits = matches!((card.task, output.decoder), (Task::Segmentation, Decoder::MaskProbability));
    found
        .unless(fits, "output.decoder", || format!("is {:?}, which no {:?} uses", output.decoder, card.task));
    let [count, channels, height, width] = output.shape;
    found.unless(count == card.input.shape[0], "output.shape[0]", || {
        format!("is {count}, the input has {}", card.input.shape[0])
    });
    found.unless(channels == card.classes.len() as i64, "output.shape[1]", || {
        format!("is {channels}, the card has {} classes", card.classes.len())
    });
    found.unless(output.stride > 0, "output.stride", || "is 0".to_owned());
    let stride = i64::from(output.stride);
    let sides =
        [("output.shape[2]", height, card.input.shape[2]), ("output.shape[3]", width, card.input.shape[3])];
    for (path, cells, side) in sides {
        found.unless(cells > 0 && cells.checked_mul(stride) == Some(side), path, || {
            format!("is {cells}, which times stride {stride} is not the input's {side}")
        });
    }
}

fn classes(classes: &[Class], found: &mut Found) {
    found.unless(!classes.is_empty(), "classes", || "is empty".to_owned());
    let mut names = BTreeSet::new();
    for (index, class) in classes.iter().enumerate() {
        let at = |key: &str| format!("classes[{index}].{key}");
        found.unless(class.id as usize == index, at("id"), || {
            format!("is {}, want {index}: ids count up from 0", class.id)
        });
        found.text(&at("name"), &class.name);
        found.unless(names.insert(class.name.as_str()), at("name"), || format!("repeats {:?}", class.name));
        found.unless(class.threshold > 0.0 && class.threshold < 1.0, at("threshold"), || {
            format!("is {}, want more than 0 and less than 1", class.threshold)
        });
        found.share(&at("min_area_share"), f64::from(class.min_area_share));
    }
}

fn scores(card: &Card, found: &mut Found) {
    let scores = &card.scores;
    found.text("scores.split", &scores.split);
    found.share("scores.iou", scores.iou);
    found.share("scores.f1", scores.f1);
    found.share("scores.recall", scores.recall);
    found.share("scores.false_alarm", scores.false_alarm);
}

fn golden(card: &Card, found: &mut Found) {
    let golden = &card.golden;
    found.file_name("golden.picture", &golden.picture);
    found.share("golden.mean_probability", golden.mean_probability);
    found.share("golden.positive_share", golden.positive_share);
    let sane = golden.tolerance > 0.0 && golden.tolerance <= 0.1;
    found.unless(sane, "golden.tolerance", || {
        format!("is {}, want more than 0 and at most 0.1", golden.tolerance)
    });
}
