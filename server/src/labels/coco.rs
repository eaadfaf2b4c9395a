//! A COCO set: `images/` and `annotations.json`. What was rejected stays as a picture without annotation, its box kept apart.
//!
//! # References
//! COCO data format, object detection.

use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Form, Reviewed, classes, copy_pictures};
use crate::output::write_whole;

/// Writes the set.
///
/// # Errors
/// When a file cannot be written.
pub fn write(reviewed: &[Reviewed], evidence: &Path, out: &Path, form: Form) -> anyhow::Result<()> {
    let classes = classes(reviewed);
    let pictures = copy_pictures(reviewed, evidence, out, form)?;
    let (mut images, mut annotations, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for (findings, image) in pictures.iter().zip(1_u64..) {
        let Some(first) = findings.first() else { continue };
        images.push(json!({
            "id": image, "file_name": first.picture, "width": first.size_px.0, "height": first.size_px.1,
        }));
        for one in *findings {
            let into = if one.verdict.real { &mut annotations } else { &mut rejected };
            let class = classes.get(one.class.as_str()).copied().unwrap_or_default() + 1;
            into.push(annotation(one, into.len() as u64 + 1, image, class));
        }
    }
    let categories: Vec<Value> = classes
        .iter()
        .map(|(name, id)| json!({"id": id + 1, "name": name, "supercategory": "incident"}))
        .collect();
    let set = json!({
        "info": {"description": "findings that people decided about", "version": "1.0"},
        "images": images,
        "annotations": annotations,
        "categories": categories,
        "rejected": rejected,
    });
    let path = out.join("annotations.json");
    write_whole(&path, &serde_json::to_vec_pretty(&set)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn annotation(one: &Reviewed, id: u64, image: u64, class: usize) -> Value {
    let (left, top, width, height) = one.box_px();
    let ring: Vec<f64> = one.ring_px.iter().flat_map(|(u, v)| [*u, *v]).collect();
    json!({
        "id": id,
        "image_id": image,
        "category_id": class,
        "bbox": [left, top, width, height],
        "segmentation": [ring],
        "area": one.area_px(),
        "iscrowd": 0,
        "attributes": {
            "incident": one.incident,
            "verdict": if one.verdict.real { "real" } else { "rejected" },
            "reviewer": one.verdict.actor,
            "reviewed_at": one.verdict.at,
        },
    })
}
