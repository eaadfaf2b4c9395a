//! A YOLO set: `images/`, `labels/` with a line a box, `data.yaml`. What was rejected is a picture with an empty file of labels.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use super::{Form, Reviewed, classes, copy_pictures};
use crate::output::write_whole;

/// Writes the set.
///
/// # Errors
/// When a file cannot be written.
pub fn write(reviewed: &[Reviewed], evidence: &Path, out: &Path, form: Form) -> anyhow::Result<()> {
    let classes = classes(reviewed);
    for findings in copy_pictures(reviewed, evidence, out, form)? {
        let Some(first) = findings.first() else { continue };
        let mut text = String::new();
        for one in findings.iter().filter(|one| one.verdict.real) {
            let class = classes.get(one.class.as_str()).copied().unwrap_or_default();
            let (left, top, width, height) = one.box_px();
            let (w, h) = (f64::from(one.size_px.0.max(1)), f64::from(one.size_px.1.max(1)));
            let (u, v) = ((left + width / 2.0) / w, (top + height / 2.0) / h);
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{class} {u:.6} {v:.6} {:.6} {:.6}", width / w, height / h);
        }
        let name = Path::new(&first.picture).with_extension("txt");
        put(&out.join("labels").join(name), &text)?;
    }
    let mut data = "path: .\ntrain: images\nval: images\nnames:\n".to_owned();
    for (name, id) in &classes {
        let _ = writeln!(data, "  {id}: {name}");
    }
    put(&out.join("data.yaml"), &data)
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
