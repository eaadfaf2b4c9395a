//! House rules: the layers of the crate graph, what pure crates may not name, the shape of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Our crates and what each may depend on (outside of tests).
const LAYERS: &[(&str, &[&str])] = &[
    ("gis", &[]),
    ("models", &[]),
    ("models-ort", &["models"]),
    ("pipeline", &["gis", "models"]),
    ("pipeline-gst", &["pipeline", "gis", "models"]),
    ("pipeline-cv", &["pipeline", "gis", "models"]),
    ("pipeline-onvif", &["pipeline", "gis"]),
    ("dispatch", &["gis"]),
    ("missions", &["gis"]),
    ("missions-link", &["missions", "gis"]),
    ("store", &["gis", "dispatch"]),
    ("simulation", &["gis", "dispatch"]),
    (
        "server",
        &[
            "gis",
            "models",
            "models-ort",
            "pipeline",
            "pipeline-gst",
            "pipeline-cv",
            "pipeline-onvif",
            "dispatch",
            "missions",
            "missions-link",
            "store",
            "simulation",
        ],
    ),
    ("benches", &[]),
    ("e2e", &[]),
];

/// Crates without input, output or a clock.
const PURE: &[&str] = &["gis", "models", "pipeline", "dispatch", "missions", "simulation"];

/// Native and network crates, each with the crates of ours that may name it.
const EDGES: &[(&str, &[&str])] = &[
    ("gstreamer", &["pipeline-gst"]),
    ("opencv", &["pipeline-cv"]),
    ("ort", &["models-ort"]),
    ("rusqlite", &["store"]),
    ("postgres", &["store"]),
    ("sqlx", &["store"]),
    ("axum", &["server"]),
    ("serial2", &["missions-link"]),
    ("tokio", &["server"]),
    ("reqwest", &["server"]),
    ("rumqttc", &["server", "missions-link"]),
    ("tiny_http", &["missions-link"]),
    ("ureq", &["missions-link", "pipeline-onvif", "server"]),
];

const MAX_FILE_LINES: usize = 600;
const MAX_TEST_LINES: usize = 900;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

/// Normal dependencies of each of our crates.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    let normal = |p: &cargo_metadata::Package| {
        p.dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development)
            .map(|d| d.name.clone())
            .collect()
    };
    metadata.packages.iter().map(|p| (p.name.to_string(), normal(p))).collect()
}

fn files(extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        let skipped = ["target", "out", ".git", ".runtime", "node_modules", "runs", "corpus", ".venv"];
        for entry in std::fs::read_dir(folder).expect("folder is readable").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !skipped.contains(&name.as_str()) {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extension, &mut found);
    found.sort();
    found
}

#[test]
fn crates_depend_only_on_the_layers_below_them() {
    let ours: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    for (name, dependencies) in dependencies() {
        let (_, allowed) = LAYERS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| {
            panic!("crate {name} is not in the list of layers: say where it belongs");
        });
        for dependency in dependencies.iter().filter(|d| ours.contains(d.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn each_native_library_has_one_home() {
    for (name, dependencies) in dependencies() {
        if name == "benches" || name == "e2e" {
            continue;
        }
        for dependency in &dependencies {
            let edge = EDGES.iter().find(|(prefix, _)| {
                dependency == prefix
                    || dependency.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
            });
            if let Some((_, homes)) = edge {
                assert!(homes.contains(&name.as_str()), "{dependency} belongs to {homes:?}, not to {name}");
            }
        }
    }
}

#[test]
fn pure_crates_open_no_files_and_read_no_clock() {
    let forbidden = ["std::fs", "std::net", "File::open", "SystemTime", "Timestamp::now", "std::env::var"];
    for krate in PURE {
        let sources = root().join(krate).join("src");
        for file in files("rs").into_iter().filter(|f| f.starts_with(&sources)) {
            let text = std::fs::read_to_string(&file).expect("file is readable");
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in forbidden {
                assert!(!product.contains(word), "{} names {word}", file.display());
            }
        }
    }
}

#[test]
fn every_source_file_says_its_purpose_and_stays_short() {
    for file in files("rs") {
        let text = std::fs::read_to_string(&file).expect("file is readable");
        if text.trim().is_empty() {
            continue;
        }
        assert!(text.starts_with("//!"), "{} does not start with its purpose (//!)", file.display());
        let is_test = file.components().any(|c| ["tests", "benches"].iter().any(|t| c.as_os_str() == *t));
        let limit = if is_test || file.to_string_lossy().ends_with("_tests.rs") {
            MAX_TEST_LINES
        } else {
            MAX_FILE_LINES
        };
        let lines = text.lines().count();
        assert!(lines <= limit, "{} has {lines} lines, more than {limit}", file.display());
    }
}

#[test]
fn nothing_is_left_open_in_the_code() {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for file in files("rs") {
        let text = std::fs::read_to_string(&file).expect("file is readable");
        for mark in marks {
            assert!(!text.contains(mark), "{} holds {mark}", file.display());
        }
    }
}

#[test]
fn every_model_card_and_configuration_is_valid_toml() {
    for file in files("toml") {
        let text = std::fs::read_to_string(&file).expect("file is readable");
        let parsed: Result<toml::Table, _> = toml::from_str(&text);
        assert!(
            parsed.is_ok(),
            "{}: {}",
            file.display(),
            parsed.err().map(|e| e.to_string()).unwrap_or_default()
        );
    }
}

#[test]
fn sample_data_stays_under_25_megabytes() {
    fn size(folder: &Path) -> u64 {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries
            .flatten()
            .map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) })
            .sum()
    }
    let bytes = size(&root().join("sample-data"));
    assert!(bytes > 0 && bytes < 25_000_000, "sample-data holds {bytes} bytes");
}
