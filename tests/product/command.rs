//! Runs the binary and reads what it wrote.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use serde_json::Value;
use tempfile::TempDir;

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

/// The binary that `FLYONCE` names, as `make test` does; without it, built once if the build before did not.
pub fn binary() -> PathBuf {
    static BUILT: Once = Once::new();
    if let Some(built) = std::env::var_os("FLYONCE") {
        return built.into();
    }
    BUILT.call_once(|| {
        let cargo = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "-p", "server"])
            .current_dir(root())
            .status();
        assert!(cargo.is_ok_and(|status| status.success()), "flyonce does not build");
    });
    root().join("target/debug/flyonce")
}

/// Reference data from outside, or `None` after saying what was not measured.
pub fn reference(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FLYONCE_REFERENCE")
        .map_or_else(|| root().join("../shared/reference"), PathBuf::from);
    let file = folder.join(path);
    if file.exists() {
        return Some(file);
    }
    println!("not measured: {path} is not there; set FLYONCE_REFERENCE to the reference data");
    None
}

/// One run of the binary with its output folder.
pub struct Run {
    /// Output folder, removed at the end.
    pub out: TempDir,
    /// What it printed and how it ended.
    pub output: Output,
}

impl Run {
    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The summary on standard output.
    pub fn summary(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|e| {
            panic!("standard output is not JSON ({e}); standard error: {}", self.errors())
        })
    }

    /// A file of the output folder as JSON.
    pub fn json(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.out.path().join(name)).expect("the file was written");
        serde_json::from_str(&text).expect("the file is JSON")
    }
}

/// Runs a command in the project's root.
pub fn flyonce(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).current_dir(root()).output().expect("flyonce starts")
}

/// Analyses into a fresh folder with JSON on standard output.
pub fn analyze(arguments: &[&str]) -> Run {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = out.path().to_string_lossy().into_owned();
    let mut all = vec!["analyze", "--json", "--out", &folder];
    all.extend(arguments);
    let output = flyonce(&all);
    Run { out, output }
}

/// Fails unless the run refused with a message that holds all of these words, and did not panic.
pub fn assert_refused(output: &Output, words: &[&str]) {
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "it should have failed: {text}");
    assert!(output.status.code() == Some(1), "exit code {:?}: {text}", output.status.code());
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}
