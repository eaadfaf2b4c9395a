//! YOLO label files: a line a box, `class cx cy w h` in shares of the picture.

use std::path::{Path, PathBuf};

use models::eval::average_precision::Rect;
use models::{Card, SizePx};

/// How far outside 0 to 1 rounding may push a share; what lies outside is clipped.
const ROUNDING: f64 = 1e-3;

/// Why a label file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// A picture without a label file.
    #[error("{} has no label file {}; a picture with nothing to find has an empty one", picture.display(), path.display())]
    Missing {
        /// The picture.
        picture: PathBuf,
        /// Where its labels were looked for.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line makes no sense.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong, with the value.
        reason: String,
    },
}

/// Returns class ids of the card and boxes in pixels.
///
/// # Errors
/// Names the file, and the line where one makes no sense: a label that neither the card's classes nor its `label_map` know,
/// numbers that are none, or a box without area or outside the picture.
pub fn read(path: &Path, picture: &Path, size: SizePx, card: &Card) -> Result<Vec<(u32, Rect)>, LabelError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(LabelError::Missing { picture: picture.to_owned(), path: path.to_owned() });
        }
        Err(source) => return Err(LabelError::Read { path: path.to_owned(), source }),
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let one = |(index, line): (usize, &str)| {
        let wrong = |reason| LabelError::Line { path: path.to_owned(), line: index + 1, reason };
        parse(line, size, card).map_err(wrong)
    };
    lines.map(one).collect()
}

fn parse(line: &str, size: SizePx, card: &Card) -> Result<(u32, Rect), String> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let [label, places @ ..] = cells.as_slice() else { return Err("is empty".to_owned()) };
    let label: u32 = label.parse().map_err(|_| format!("{label:?} is no label id"))?;
    let class = card.class_of_label(label);
    let class =
        class.ok_or_else(|| format!("label {label} is neither a class of the card nor in its label_map"))?;
    let [cx, cy, w, h] = places else {
        return Err(format!("has {} numbers after the label, want cx cy w h", places.len()));
    };
    let share = |name: &str, text: &str| match text.parse::<f64>() {
        Ok(value) if (-ROUNDING..=1.0 + ROUNDING).contains(&value) => Ok(value),
        _ => Err(format!("{name} is {text}, want a share from 0 to 1")),
    };
    let (cx, cy, w, h) = (share("cx", cx)?, share("cy", cy)?, share("w", w)?, share("h", h)?);
    let side = |centre: f64, length: f64, pixels: u32| {
        let pixels = f64::from(pixels);
        let edge = |share: f64| (share * pixels).clamp(0.0, pixels);
        let (low, high) = (edge(centre - length / 2.0), edge(centre + length / 2.0));
        (low, high - low)
    };
    let ((left_px, width_px), (top_px, height_px)) = (side(cx, w, size.width), side(cy, h, size.height));
    if width_px > 0.0 && height_px > 0.0 {
        return Ok((class, Rect { left_px, top_px, width_px, height_px }));
    }
    Err(format!("box {} has no area inside the picture", places.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Card {
        let text = include_str!("../../../../models/tests/data/boxes_card.toml");
        Card::from_toml(text).expect("the card of the tests is valid")
    }

    fn check(line: &str, expected: &str) {
        let found = parse(line, SizePx::new(200, 100), &card());
        assert_eq!(found.expect_err(line), expected);
    }

    #[test]
    fn a_box_is_read_in_pixels_and_labels_are_folded() {
        let (class, at) = parse("2 0.5 0.5 0.5 0.2", SizePx::new(200, 100), &card()).unwrap();
        assert_eq!(class, 0, "the card folds 2 into 0");
        let edges = [at.left_px, at.top_px, at.width_px, at.height_px];
        for (found, expected) in edges.into_iter().zip([50.0, 40.0, 100.0, 20.0]) {
            assert!((found - expected).abs() < 1e-9, "{edges:?}");
        }
        let (class, at) = parse("1 0.95 0.5 0.2 1.0", SizePx::new(200, 100), &card()).unwrap();
        assert_eq!(class, 1);
        assert!((at.width_px - 30.0).abs() < 1e-9, "clipped to the picture");
    }

    #[test]
    fn lines_that_make_no_sense_say_why() {
        check("7 0.5 0.5 0.1 0.1", "label 7 is neither a class of the card nor in its label_map");
        check("x 0.5 0.5 0.1 0.1", "\"x\" is no label id");
        check("0 0.5 0.5 0.1", "has 3 numbers after the label, want cx cy w h");
        check("0 0.5 0.5 0.1 0.1 0.9", "has 5 numbers after the label, want cx cy w h");
        check("0 50 0.5 0.1 0.1", "cx is 50, want a share from 0 to 1");
        check("0 0.5 nan 0.1 0.1", "cy is nan, want a share from 0 to 1");
        check("0 0.5 0.5 0 0.1", "box 0.5 0.5 0 0.1 has no area inside the picture");
    }

    #[test]
    fn a_missing_file_and_a_wrong_line_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (path, picture) = (folder.path().join("a.txt"), folder.path().join("a.jpg"));
        let read = || read(&path, &picture, SizePx::new(10, 10), &card());
        let message = read().unwrap_err().to_string();
        assert!(message.contains("a.jpg has no label file") && message.contains("a.txt"), "{message}");
        std::fs::write(&path, "").unwrap();
        assert_eq!(read().unwrap(), []);
        std::fs::write(&path, "0 0.5 0.5 0.5 0.5\n\n0 0.5\n").unwrap();
        let message = read().unwrap_err().to_string();
        assert!(
            message.ends_with("a.txt line 3: has 1 numbers after the label, want cx cy w h"),
            "{message}"
        );
    }
}
