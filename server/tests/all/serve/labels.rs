//! Labels out of what people decided, and how well they agree.

use std::path::Path;
use std::process::Command;

use axum::http::{Method, StatusCode};
use dispatch::EvidenceKind;
use serde_json::{Value, json};
use server::evidence::{Shelf, keep};
use server::serve::accounts::Role;

use super::{Badge, Served, served, step};

/// Gives every waiting case a picture and a record with an outline.
async fn with_pictures(count: u128) -> (Served, Badge, Vec<Value>) {
    let served = served(count);
    let li = served.person("li", Role::Analyst, None);
    let evidence = served.folder.path().join("evidence");
    let shelf = Shelf { folder: &evidence, rooms: None };
    let cases = served.cases(&li, "/v1/queue?state=waiting").await;
    for (case, shade) in cases.iter().zip(1_u8..) {
        let mut jpeg = Vec::new();
        let picture = image::RgbImage::from_pixel(64, 48, image::Rgb([shade * 20, 90, 90]));
        picture.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
        let context = keep(shelf, EvidenceKind::Context, "jpg", &jpeg).unwrap();
        let ring = [[8.0, 12.0], [40.0, 12.0], [40.0, 36.0], [8.0, 36.0]];
        let record = json!({"incident": case["id"], "size_px": [64, 48], "ring_px": ring}).to_string();
        let record = keep(shelf, EvidenceKind::Record, "json", record.as_bytes()).unwrap();
        served.attach(case, &[context, record]);
    }
    let cases = served.cases(&li, "/v1/queue?state=waiting").await;
    (served, li, cases)
}

async fn decide(served: &Served, badge: &Badge, case: &Value, real: bool) {
    let body = step(case, if real { "confirm" } else { "reject" }, "looked");
    let done = served.call(badge, Method::POST, "/v1/operations", Some(body)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
}

fn export(data: &Path, out: &Path, format: &str) -> String {
    export_with(data, out, &["--format", format])
}

fn export_with(data: &Path, out: &Path, more: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_flyonce"))
        .args(["export", "--out", &data.to_string_lossy(), "--labels", &out.to_string_lossy()])
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_findings_become_a_coco_and_a_yolo_set_with_rejected_ones_as_negatives() {
    let (served, li, cases) = with_pictures(6).await;
    assert_eq!(cases.len(), 3);
    decide(&served, &li, &cases[0], true).await;
    decide(&served, &li, &cases[1], false).await;
    let out = tempfile::tempdir().unwrap();
    let told = export(served.folder.path(), &out.path().join("coco"), "coco");
    assert!(told.contains("1 real, 1 rejected; left out: 4 undecided"), "{told}");
    let set: Value =
        serde_json::from_slice(&std::fs::read(out.path().join("coco/annotations.json")).unwrap()).unwrap();
    assert_eq!(set["images"].as_array().unwrap().len(), 2);
    let one = &set["annotations"][0];
    assert_eq!(one["bbox"], json!([8.0, 12.0, 32.0, 24.0]));
    assert_eq!(one["area"], json!(768.0));
    assert_eq!(one["segmentation"][0].as_array().unwrap().len(), 8);
    assert_eq!(one["attributes"]["reviewer"], "li");
    assert_eq!(set["rejected"][0]["attributes"]["verdict"], "rejected");
    for image in set["images"].as_array().unwrap() {
        let file = out.path().join("coco/images").join(image["file_name"].as_str().unwrap());
        let size = imagesize::size(&file).unwrap();
        assert_eq!(
            (image["width"].as_u64().unwrap(), image["height"].as_u64().unwrap()),
            (size.width as u64, size.height as u64)
        );
    }
    export(served.folder.path(), &out.path().join("yolo"), "yolo");
    let mut labels: Vec<String> = std::fs::read_dir(out.path().join("yolo/labels"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    labels.sort();
    assert_eq!(labels, ["", "0 0.375000 0.500000 0.500000 0.500000\n"]);
    assert!(std::fs::read_to_string(out.path().join("yolo/data.yaml")).unwrap().contains("0: waterlogging"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_leave_coarse_unless_somebody_says_who_takes_originals_out_and_why() {
    let (served, li, cases) = with_pictures(2).await;
    decide(&served, &li, &cases[0], true).await;
    let (data, out) = (served.folder.path(), tempfile::tempdir().unwrap());
    let picture = |folder: &str| {
        let mut files = std::fs::read_dir(out.path().join(folder).join("images")).unwrap();
        std::fs::read(files.next().unwrap().unwrap().path()).unwrap()
    };
    export(data, &out.path().join("coarse"), "yolo");
    let original = ["--originals", "--actor", "li", "--reason", "training"];
    export_with(data, &out.path().join("originals"), &original);
    let url =
        cases[0]["stills"].as_array().unwrap().iter().find(|one| one["kind"] == "context").unwrap()["url"]
            .clone();
    let kept = served.get(&li, url.as_str().unwrap()).await.bytes;
    assert_eq!(picture("originals"), kept);
    assert_ne!(picture("coarse"), kept);
    let notes = served.app.stores.with(|store| store.notes(None, 0, usize::MAX)).unwrap();
    let told: Vec<(&str, &str, &str)> = notes
        .iter()
        .map(|one| (one.note.kind.as_str(), one.note.actor.as_str(), one.note.detail.as_str()))
        .collect();
    assert!(told.contains(&("took_out", "li", "1 findings: training")), "{told:?}");
    assert_eq!(told.iter().filter(|(kind, _, _)| *kind == "saw").count(), 2, "one taken out, one looked at");
    let nobody = Command::new(env!("CARGO_BIN_EXE_flyonce"))
        .args(["export", "--originals", "--out", "x", "--labels", "y"])
        .output()
        .unwrap();
    assert!(!nobody.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_cases_are_shown_to_another_who_does_not_know_the_decision_and_agreement_is_measured() {
    let (served, li, cases) = with_pictures(8).await;
    let wang = served.person("wang", Role::Analyst, None);
    for (case, real) in cases.iter().zip([true, true, false, false]) {
        decide(&served, &li, case, real).await;
    }
    assert!(served.get(&li, "/v1/rechecks").await.json().is_null(), "nobody checks himself");
    let said = [(0, true), (1, false), (2, false), (3, false)];
    let mut shown = served.get(&wang, "/v1/rechecks").await.json();
    assert_eq!(shown["left"], 4);
    let kinds = shown["stills"].as_array().unwrap().iter().map(|still| still["kind"].clone());
    assert!(kinds.into_iter().any(|kind| kind == "context"), "{shown}");
    let passed =
        served.get(&wang, &format!("/v1/rechecks?after={}", shown["incident"].as_str().unwrap())).await;
    assert_ne!(passed.json()["incident"], shown["incident"], "passed over for now");
    assert_eq!(passed.json()["left"], 4);
    while !shown.is_null() {
        let text = shown.to_string();
        assert!(!text.contains("confirm") && !text.contains("reject") && !text.contains("li\""), "{text}");
        let at = cases.iter().position(|case| case["id"] == shown["incident"]).unwrap();
        let body = json!({"incident": shown["incident"], "real": said[at].1});
        let done = served.call(&wang, Method::POST, "/v1/rechecks", Some(body.clone())).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json());
        let again = served.call(&wang, Method::POST, "/v1/rechecks", Some(body)).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
        shown = done.json();
    }
    let told = served.get(&li, "/v1/agreement").await.json();
    assert_eq!((told["decided"].as_u64(), told["rechecked"].as_u64()), (Some(4), Some(4)));
    assert_eq!(told["same_share"], 0.75);
    assert!((told["cohen_kappa"].as_f64().unwrap() - 0.5).abs() < 1e-9);
    let out = tempfile::tempdir().unwrap();
    let text = export(served.folder.path(), &out.path().join("labels"), "coco");
    assert!(text.contains("0.750 the same, Cohen's kappa 0.500"), "{text}");
}
