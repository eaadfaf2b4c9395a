//! The interface in the hands of others: clients and validators that were not written here, put in place by `scripts/outside.sh`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use server::config::ServeEntry;
use server::serve::accounts::Scope;
use server::serve::api;

use super::{Served, served};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The folder of clients and validators, where `scripts/outside.sh` made it.
pub fn outside() -> Option<PathBuf> {
    let folder = root().join("target/outside");
    let made = folder.join("venv/bin/python").exists() && folder.join("asyncapi-3.0.0.json").exists();
    if !made {
        println!("clients from outside: not measured, scripts/outside.sh was not run");
    }
    made.then_some(folder)
}

/// Serves on a free port; returns its address and a token that may do everything.
async fn listening(count: u128) -> (Arc<Served>, String, String) {
    let served = Arc::new(served(count));
    let scopes = [Scope::Read, Scope::Decide, Scope::Report, Scope::Sources, Scope::Submit];
    let token = served.app.accounts.add_token("outside", &scopes, None).unwrap();
    // Made-up input comes faster than any client may.
    let limits = toml::from_str("caller_per_second = 100000\ncaller_burst = 1000000").unwrap();
    served.app.door.apply(ServeEntry { limits, ..ServeEntry::default() }).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = api::router(Arc::clone(&served.app));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (served, base, token)
}

/// Runs a command to its end and returns what it said.
async fn run(mut command: Command) -> String {
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{text}");
    text
}

/// Prepares a script of `tests/outside`.
pub fn python(folder: &Path, script: &str) -> Command {
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.arg(root().join("server/tests/outside").join(script));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_and_events_are_what_their_standards_say() {
    let Some(folder) = outside() else { return };
    let (_served, base, token) = listening(3).await;
    let mut command = python(&folder, "descriptions.py");
    command.args([&base, &token]).arg(folder.join("asyncapi-3.0.0.json"));
    println!("{}", run(command).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_georeport_reads_services_and_requests() {
    let Some(folder) = outside() else { return };
    let (_served, base, token) = listening(3).await;
    let mut command = python(&folder, "georeport_client.py");
    command.args([&base, &token]);
    let beside = root().join("../shared/reference");
    let reference = std::env::var_os("FLYONCE_REFERENCE").map_or(beside, PathBuf::from);
    let described = reference.join("vectors/open311/georeport_v2-1.openapi.yaml");
    if described.exists() {
        command.arg(described);
    }
    run(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_answers_made_up_input_with_a_fault_of_the_server() {
    let Some(folder) = outside() else { return };
    let (_served, base, token) = listening(3).await;
    let mut command = Command::new(folder.join("venv/bin/schemathesis"));
    command.current_dir(&folder).args(["run", &format!("{base}/v1/openapi.json")]);
    command.args(["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"]);
    command.args(["--max-examples", "5", "--generation-deterministic"]);
    command.args(["--workers", "2", "--request-timeout", "10", "--no-color", "--warnings", "off"]);
    // Streams do not end by themselves; health and sign-out are other tests.
    command.args(["--exclude-path-regex", "stream|live|sign-out|sign-in"]);
    command.args(["-H", &format!("Authorization: Bearer {token}")]);
    run(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_the_collections() {
    let (_served, base, token) = listening(3).await;
    let ogrinfo = |arguments: &[&str]| {
        let mut command = Command::new("ogrinfo");
        command.args(["-ro", "-so", "--config", "OGR_OAPIF_SERVER_TIMEOUT", "10"]);
        command.args(["--config", "GDAL_HTTP_HEADERS", &format!("Authorization: Bearer {token}")]);
        command.args(arguments);
        command
    };
    for (collection, count) in [("incidents", 3), ("tasks", 3)] {
        let told = run(ogrinfo(&[&format!("OAPIF:{base}/ogc"), collection])).await;
        assert!(told.contains(&format!("Feature Count: {count}")), "{told}");
    }
}
