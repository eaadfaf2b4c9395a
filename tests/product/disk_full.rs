//! `flyonce serve` on a disk that is full: a small one of its own, in a mount namespace that ends with the server.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use crate::command::{binary, flyonce};
use crate::serve::{LIMIT, Server, ended, found, street_config};

/// Size of the disk.
const DISK: &str = "48m";

/// The command that runs the binary with a small disk mounted at a folder; none where that is not allowed.
fn on_a_small_disk(folder: &Path) -> Option<Command> {
    let mount = format!("mount -t tmpfs -o size={DISK} none \"$1\"");
    let command = |then: &str| {
        // Root of a user namespace of its own may mount where root outside may not, and the other way round.
        let spaces: &[&str] =
            if is_root() { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
        let mut command = Command::new("unshare");
        command.args(spaces).args(["sh", "-c", &format!("{mount} && {then}"), "sh"]).arg(folder);
        command
    };
    let tried = command("true").stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success()).then(|| {
        let mut command = command("shift && exec \"$@\"");
        command.arg(binary());
        command
    })
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output();
    told.is_ok_and(|told| told.stdout.trim_ascii() == b"0")
}

/// Health in words.
fn health(server: &Server, path: &str) -> String {
    let mut answer = server.agent.get(format!("{}{path}", server.address)).call().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.body_mut().read_to_string().unwrap()
}

fn wait_for(what: &str, log: &Path, met: impl Fn() -> bool) {
    let start = Instant::now();
    while !met() {
        let told = || std::fs::read_to_string(log).unwrap();
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}\n{}", told());
    }
}

/// Takes all room there is.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        let bytes = vec![0; size];
        while file.write_all(&bytes).is_ok() {}
    }
}

#[test]
fn a_full_disk_is_told_loses_nothing_and_is_gone_on_from_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("disk");
    std::fs::create_dir(&small).unwrap();
    let Some(mut command) = on_a_small_disk(&small) else {
        println!("not tried: nothing may be mounted here");
        return;
    };
    let config = street_config(folder.path());
    let text = std::fs::read_to_string(&config).unwrap();
    // Half the frames: it is the disk that is looked at.
    let text = text.replace("fps = 2.0", "fps = 1.0");
    std::fs::write(&config, format!("{text}\n[evidence]\nreserve_mib = 1\n")).unwrap();
    let (data, log) = (small.join("data"), folder.path().join("log.txt"));
    let server = Server::start_by(&mut command, &config, &data, File::create(&log).unwrap().into());
    // The same folder, seen from outside the namespace.
    let inside = PathBuf::from(format!("/proc/{}/root", server.child.id()));
    let seen = |path: &Path| inside.join(path.strip_prefix("/").unwrap());
    let ballast = seen(&small.join("ballast"));
    let queue = "/v1/queue?state=waiting";
    server.wait(queue, "a first task", |queue| queue["total"].as_u64() > Some(0));
    fill(&ballast);

    wait_for("its health says that the disk is full", &log, || health(&server, "/healthz").contains("full"));
    assert!(health(&server, "/readyz").contains("pictures are not kept"));
    assert!(std::fs::read_to_string(&log).unwrap().contains("the disk or the allowed size is full"));
    let sources = server.get("/v1/sources");
    assert_eq!(sources[0]["hop"], "store", "{sources}");
    // People read on; what they decide is refused, not lost in silence.
    let task = server.get(queue)["items"][0]["task"]["id"].clone();
    let confirm =
        json!({"what": {"act": {"kind": "step", "task": task, "step": {"step": "confirm"}}}, "reason": ""});
    let refused = server.post("/v1/operations", &confirm);
    assert_eq!(refused["status"], 503, "{refused}");
    server.get("/v1/feed?after=0&limit=1000");
    assert_eq!(server.get("/v1/storage")["full"], true);
    let metrics = health(&server, "/metrics");
    assert!(metrics.contains("\nflyonce_store_writable 0\n"), "{metrics}");

    std::fs::remove_file(&ballast).unwrap();
    wait_for("its health says no more that the disk is full", &log, || health(&server, "/healthz") == "ok\n");
    assert!(std::fs::read_to_string(&log).unwrap().contains("the store can be written again"));
    let accepted = server.post("/v1/operations", &confirm);
    assert_eq!(accepted["incidents"][0]["task"]["state"], "dispatched", "{accepted}");
    server.wait("/v1/sources", "the end of the video", ended);
    let detections = health(&server, "/metrics");
    let detections =
        detections.lines().find_map(|line| line.strip_prefix("flyonce_detections_total{source=\"street\"} "));
    let detections: u64 = detections.unwrap().parse().unwrap();
    let sightings = || {
        let cases = server.get("/v1/queue?state=all&limit=500")["items"].clone();
        let whole = cases.as_array().unwrap().iter().filter(|case| case["merged_into"].is_null());
        whole.map(|case| case["sightings"].as_u64().unwrap()).sum::<u64>()
    };
    wait_for("everything that was seen is stored", &log, || sightings() >= detections);
    // SQLite follows the link into the namespace by its text: it is given a copy.
    let copy = folder.path().join("copy");
    let copied = Command::new("cp").arg("-r").args([&seen(&data), &copy]).status();
    assert!(copied.unwrap().success());
    let verified = flyonce(&["verify", &copy.to_string_lossy()]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    assert!(!found(&server).is_empty());
    assert!(server.terminate().success(), "{}", std::fs::read_to_string(&log).unwrap());
}
