//! Checks of a card's values, all reported at once.

use std::collections::BTreeSet;

use super::{Card, Class, Decoder, Golden, GoldenBox, Output, Problem, SCHEMA_VERSION, Scores, Task};

/// Smallest and largest side of an input, in pixels.
const SIDE_PX: std::ops::RangeInclusive<i64> = 32..=4096;
/// Operator sets that both the exporter and the run-time serve.
const OPSETS: std::ops::RangeInclusive<u32> = 11..=24;
/// Most pictures in a fixed batch.
const BATCH_MAX: i64 = 64;
/// Most boxes a picture that a model may give before the weak ones are dropped.
const BOXES_MAX: i64 = 100_000;
/// Largest distance allowed between a golden box and the one seen, in pixels.
const TOLERANCE_MAX_PX: f64 = 32.0;

/// Returns every problem, in the order of the file.
pub(super) fn problems(card: &Card) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    head(card, &mut found);
    input(card, &mut found);
    output(card, &mut found);
    tiles(card, &mut found);
    classes(card, &mut found);
    label_map(card, &mut found);
    scores("scores", &card.scores, card.task, &mut found);
    golden("golden", &card.golden, card, &mut found);
    int8(card, &mut found);
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

    /// Returns a value that only one task has, or notes that it is missing or out of place.
    fn belongs<T>(&mut self, path: &str, value: Option<T>, task: Task, owner: Task) -> Option<T> {
        let right = value.is_some() == (task == owner);
        self.unless(right, path, || match owner {
            _ if value.is_none() => format!("is missing, {} needs it", task.name()),
            _ => format!("is for {}, not for {}", owner.name(), task.name()),
        });
        value.filter(|_| right)
    }

    fn share_of(&mut self, path: &str, value: Option<f64>, task: Task, owner: Task) {
        if let Some(value) = self.belongs(path, value, task, owner) {
            self.share(path, value);
        }
    }

    fn file_name(&mut self, path: &str, value: &str) {
        self.unless(plain(value), path, || format!("is {value:?}, not a plain file name inside the pack"));
    }

    /// A model lies in the pack's own folder or in one beside it.
    fn model_file(&mut self, path: &str, value: &str) {
        let right = match value.strip_prefix("../") {
            None => plain(value),
            Some(beside) => beside.split_once('/').is_some_and(|(folder, name)| plain(folder) && plain(name)),
        };
        self.unless(right, path, || {
            format!("is {value:?}, neither a plain file name inside the pack nor ../FOLDER/NAME beside it")
        });
    }

    fn sha256(&mut self, path: &str, value: &str) {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        self.unless(value.len() == 64 && value.chars().all(hex), path, || {
            format!("is {value:?}, want 64 lower-case hex digits")
        });
    }
}

/// A name of one part that goes nowhere else.
fn plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', ':', '\0']) && name != "." && name != ".."
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Segmentation => "segmentation",
            Self::Detection => "detection",
        }
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
    found.model_file("file", &card.file);
    found.sha256("sha256", &card.sha256);
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
    let fits = matches!(
        (card.task, output.decoder),
        (Task::Segmentation, Decoder::MaskProbability) | (Task::Detection, Decoder::BoxesXyxy)
    );
    found
        .unless(fits, "output.decoder", || format!("is {:?}, which no {:?} uses", output.decoder, card.task));
    if !fits {
        return;
    }
    match (output.decoder, output.shape.as_slice()) {
        (Decoder::MaskProbability, [count, channels, height, width]) => {
            count_of_output(*count, card, found);
            channels_of_mask(*channels, card, found);
            let stride = found.belongs("output.stride", output.stride, card.task, Task::Segmentation);
            sides_of_mask([*height, *width], stride, card, found);
        }
        (Decoder::BoxesXyxy, [count, boxes, columns]) => {
            count_of_output(*count, card, found);
            boxes_of_output(*boxes, *columns, card, found);
            found.belongs("output.stride", output.stride, card.task, Task::Segmentation);
        }
        (decoder, shape) => found.unless(false, "output.shape", || {
            let want = if decoder == Decoder::BoxesXyxy { 3 } else { 4 };
            format!("has {} axes, {decoder:?} wants {want}", shape.len())
        }),
    }
    overlap(output, card.task, found);
}

fn count_of_output(count: i64, card: &Card, found: &mut Found) {
    found.unless(count == card.input.shape[0], "output.shape[0]", || {
        format!("is {count}, the input has {}", card.input.shape[0])
    });
}

fn channels_of_mask(channels: i64, card: &Card, found: &mut Found) {
    found.unless(channels == card.classes.len() as i64, "output.shape[1]", || {
        format!("is {channels}, the card has {} classes", card.classes.len())
    });
}

fn sides_of_mask([height, width]: [i64; 2], stride: Option<u32>, card: &Card, found: &mut Found) {
    let Some(stride) = stride else { return };
    found.unless(stride > 0, "output.stride", || "is 0".to_owned());
    let sides =
        [("output.shape[2]", height, card.input.shape[2]), ("output.shape[3]", width, card.input.shape[3])];
    for (path, cells, side) in sides {
        found.unless(cells > 0 && cells.checked_mul(i64::from(stride)) == Some(side), path, || {
            format!("is {cells}, which times stride {stride} is not the input's {side}")
        });
    }
}

fn boxes_of_output(boxes: i64, columns: i64, card: &Card, found: &mut Found) {
    found.unless((1..=BOXES_MAX).contains(&boxes), "output.shape[1]", || {
        format!("is {boxes}, want 1 to {BOXES_MAX} boxes")
    });
    let classes = card.classes.len();
    found.unless(columns == classes as i64 + 4, "output.shape[2]", || {
        format!("is {columns}, want 4 edges and {classes} classes")
    });
}

fn overlap(output: &Output, task: Task, found: &mut Found) {
    let Some(iou) = found.belongs("output.nms_iou", output.nms_iou, task, Task::Detection) else { return };
    found.unless(iou > 0.0 && iou <= 1.0, "output.nms_iou", || {
        format!("is {iou}, want more than 0 and at most 1")
    });
}

fn tiles(card: &Card, found: &mut Found) {
    let Some(tiles) = &card.tiles else { return };
    let metres = tiles.coarsest_m;
    found.unless(card.output.decoder == Decoder::BoxesXyxy, "tiles", || "is for boxes only".to_owned());
    found.unless(metres.is_finite() && metres > 0.0, "tiles.coarsest_m", || {
        format!("is {metres}, not above 0")
    });
}

fn classes(card: &Card, found: &mut Found) {
    found.unless(!card.classes.is_empty(), "classes", || "is empty".to_owned());
    let mut names = BTreeSet::new();
    for (index, class) in card.classes.iter().enumerate() {
        let at = |key: &str| format!("classes[{index}].{key}");
        found.unless(class.id as usize == index, at("id"), || {
            format!("is {}, want {index}: ids count up from 0", class.id)
        });
        found.text(&at("name"), &class.name);
        found.unless(names.insert(class.name.as_str()), at("name"), || format!("repeats {:?}", class.name));
        found.unless(class.threshold > 0.0 && class.threshold < 1.0, at("threshold"), || {
            format!("is {}, want more than 0 and less than 1", class.threshold)
        });
        let Class { min_area_share, .. } = class;
        found.share_of(&at("min_area_share"), min_area_share.map(f64::from), card.task, Task::Segmentation);
    }
}

fn label_map(card: &Card, found: &mut Found) {
    let out_of_place = card.task == Task::Segmentation && !card.label_map.is_empty();
    found.unless(!out_of_place, "label_map", || "is for detection, not for segmentation".to_owned());
    for (label, class) in &card.label_map {
        let path = format!("label_map.{label}");
        // Only the shortest writing of a number is found again when a label is looked up.
        let number = label.parse::<u32>().is_ok_and(|number| number.to_string() == *label);
        found.unless(number, path.clone(), || format!("{label:?} is no label id"));
        found.unless((*class as usize) < card.classes.len(), path, || {
            format!("is {class}, the card has {} classes", card.classes.len())
        });
    }
}

fn scores(path: &str, scores: &Scores, task: Task, found: &mut Found) {
    let at = |key: &str| format!("{path}.{key}");
    found.text(&at("split"), &scores.split);
    for (key, value) in [("iou", scores.iou), ("f1", scores.f1)] {
        found.share_of(&at(key), value, task, Task::Segmentation);
    }
    for (key, value) in [("ap50", scores.ap50), ("ap30", scores.ap30), ("ap", scores.ap)] {
        found.share_of(&at(key), value, task, Task::Detection);
    }
    found.share(&at("recall"), scores.recall);
    found.share(&at("false_alarm"), scores.false_alarm);
}

fn golden(path: &str, golden: &Golden, card: &Card, found: &mut Found) {
    let at = |key: &str| format!("{path}.{key}");
    found.file_name(&at("picture"), &golden.picture);
    for (key, value) in
        [("mean_probability", golden.mean_probability), ("positive_share", golden.positive_share)]
    {
        found.share_of(&at(key), value, card.task, Task::Segmentation);
    }
    let boxes = found.belongs(&at("boxes"), golden.boxes, card.task, Task::Detection);
    found.unless(boxes != Some(0), at("boxes"), || "is 0, a picture without boxes proves nothing".to_owned());
    if let Some(best) = found.belongs(&at("best"), golden.best.as_ref(), card.task, Task::Detection) {
        golden_box(&at("best"), best, card, found);
    }
    let sane = golden.tolerance > 0.0 && golden.tolerance <= 0.1;
    found.unless(sane, at("tolerance"), || {
        format!("is {}, want more than 0 and at most 0.1", golden.tolerance)
    });
    if let Some(px) = found.belongs(&at("tolerance_px"), golden.tolerance_px, card.task, Task::Detection) {
        found.unless(px > 0.0 && px <= TOLERANCE_MAX_PX, at("tolerance_px"), || {
            format!("is {px}, want more than 0 and at most {TOLERANCE_MAX_PX}")
        });
    }
}

fn golden_box(path: &str, best: &GoldenBox, card: &Card, found: &mut Found) {
    let known = card.classes.iter().any(|class| class.name == best.class);
    found.unless(known, format!("{path}.class"), || {
        format!("is {:?}, which is no class of the card", best.class)
    });
    found.share(&format!("{path}.score"), best.score);
    let [left, top, right, bottom] = best.corners_px;
    let finite = best.corners_px.iter().all(|edge| edge.is_finite());
    let sane = finite && left >= 0.0 && top >= 0.0 && left < right && top < bottom;
    found.unless(sane, format!("{path}.corners_px"), || {
        format!("is {:?}, want left, top, right and bottom of a box inside the picture", best.corners_px)
    });
}

fn int8(card: &Card, found: &mut Found) {
    let Some(int8) = &card.int8 else { return };
    found.model_file("int8.file", &int8.file);
    found.sha256("int8.sha256", &int8.sha256);
    scores("int8.scores", &int8.scores, card.task, found);
    if let Some(own) = &int8.golden {
        golden("int8.golden", own, card, found);
        found.unless(own.picture == card.golden.picture, "int8.golden.picture", || {
            format!("is {:?}, the card's is {:?}", own.picture, card.golden.picture)
        });
    }
}
