//! The whole server as a process over a store that is past its retention and over its budget.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use dispatch::EvidenceKind;
use serde_json::{Value, json};
use server::config::EvidenceEntry;
use server::evidence::{Shelf, keep};
use server::proof::verify::DROPPED;
use server::serve::accounts::Role;
use server::serve::keeping::Keeping;
use store::Retention;

use super::{Badge, Served, served, step};

/// Longest wait for what a server does by itself, generous because other tests run beside it.
const LIMIT: Duration = Duration::from_mins(2);
/// Size of every file of evidence: sixteen are a little more than 18 MiB.
const FILE_BYTES: usize = 1_200_000;

/// A server process, killed when the test ends.
struct Process {
    child: Child,
    address: String,
    cookie: String,
    log: PathBuf,
}

impl Process {
    /// Starts a server without sources over a data folder.
    fn start(data: &Path, more: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
        let demo = std::fs::read_to_string(root.join("demo.toml")).unwrap();
        let mut config: toml::Table = toml::from_str(&demo).unwrap();
        config.remove("sources");
        // The tests bring their own.
        config.remove("retention");
        config["packs"].as_array_mut().unwrap().truncate(1);
        let rooted = |text: &str| format!("{:?}", root.join(text).to_string_lossy());
        let text = toml::to_string(&config).unwrap().replace("\"../", &format!("\"{}/../", root.display()));
        let text = text.replace("\"departments.toml\"", &rooted("departments.toml"));
        let text = text.replace("\"rules.toml\"", &rooted("rules.toml"));
        let (path, log) = (data.join("city.toml"), data.join("log.txt"));
        std::fs::write(&path, format!("{text}\n{more}\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_flyonce"))
            .args(["-v", "serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(path)
            .arg("--data")
            .arg(data)
            .current_dir(root.join(".."))
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last_word = || lines.next().unwrap().unwrap().rsplit(' ').next().unwrap().to_owned();
        let (address, link) = (last_word(), last_word());
        let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        let answer = agent.get(&link).call().unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { child, address, cookie, log }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer =
            agent.get(format!("{}{path}", self.address)).header("cookie", &self.cookie).call().unwrap();
        let bytes = answer.body_mut().read_to_vec().unwrap();
        (answer.status().as_u16(), String::from_utf8_lossy(&bytes).into_owned())
    }

    fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path);
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn terminate(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A case with a clip and a picture of its own.
struct WithFiles {
    id: String,
    task: String,
    clip: String,
    picture: String,
}

/// Gives every case its files.
async fn with_files(served: &Served, badge: &Badge) -> Vec<WithFiles> {
    let evidence = served.folder.path().join("evidence");
    let shelf = Shelf { folder: &evidence, rooms: None };
    let mut all = Vec::new();
    for (case, fill) in served.cases(badge, "/v1/queue?state=all&limit=50").await.iter().zip(1_u8..) {
        let clip = keep(shelf, EvidenceKind::Clip, "webm", &vec![fill; FILE_BYTES]).unwrap();
        let picture = keep(shelf, EvidenceKind::Context, "jpg", &vec![100 + fill; FILE_BYTES]).unwrap();
        served.attach(case, &[clip.clone(), picture.clone()]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, task) = (text(&case["id"]), text(&case["task"]["id"]));
        all.push(WithFiles { id, task, clip: clip.file, picture: picture.file });
    }
    all
}

async fn reject(served: &Served, badge: &Badge, id: &str, close: bool) {
    let case = served.get(badge, &format!("/v1/incidents/{id}")).await.json();
    let done =
        served.call(badge, Method::POST, "/v1/operations", Some(step(&case, "reject", "a river"))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    if close {
        let close = json!({"what": {"act": {"kind": "close", "incident": id}}, "reason": "a river"});
        let done = served.call(badge, Method::POST, "/v1/operations", Some(close)).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    }
}

async fn hold(served: &Served, badge: &Badge, id: &str) {
    let why = Some(json!({"reason": "court 12/2026"}));
    let path = format!("/v1/incidents/{id}/hold");
    assert_eq!(served.call(badge, Method::PUT, &path, why).await.status, StatusCode::OK);
}

/// Lets everything be due but what there is.
async fn put_away_another_class(served: &Served) {
    let classes_days = [("waterlogging".to_owned(), 36_500)].into();
    let other = Retention { any_class_days: 1, classes_days, ..Retention::default() };
    let app = served.app.clone();
    let keeping = Keeping::new(EvidenceEntry::default(), other, Vec::new());
    let tidy = move || keeping.tidy(&app, server::clock::now());
    tokio::task::spawn_blocking(tidy).await.unwrap().unwrap();
}

fn dropped(served: &Served) -> Vec<String> {
    let notes = served.app.stores.with(|store| store.notes(Some(DROPPED), 0, usize::MAX)).unwrap();
    notes.into_iter().map(|one| one.note.subject).collect()
}

fn wait_for(what: &str, process: &Process, met: impl Fn() -> bool) {
    let start = Instant::now();
    while !met() {
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}\n{}", process.log());
        // An answer of the server paces the questions.
        process.get("/healthz");
    }
}

fn verified(data: &Path) {
    let done = Command::new(env!("CARGO_BIN_EXE_flyonce")).arg("verify").arg(data).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_puts_away_what_is_due_by_class_drops_in_order_and_keeps_what_is_held_and_its_chain() {
    let served = served(8);
    let (li, duty) = (served.person("li", Role::Analyst, None), served.person("duty", Role::Duty, None));
    let mut files = with_files(&served, &li).await;
    let waiting: BTreeSet<String> = served
        .cases(&li, "/v1/queue?state=waiting")
        .await
        .iter()
        .map(|case| case["id"].as_str().unwrap().to_owned())
        .collect();
    // The oldest goes first, and all are of the same moment: the order of their tasks decides.
    files.sort_by(|a, b| a.task.cmp(&b.task));
    let (free, open): (Vec<_>, Vec<_>) = files.iter().partition(|one| waiting.contains(&one.id));
    assert_eq!((free.len(), open.len()), (4, 4));
    let (first, second, held, over) = (free[0], free[1], free[2], free[3]);
    for one in [first, second, held] {
        reject(&served, &li, &one.id, true).await;
    }
    reject(&served, &li, &over.id, false).await;
    hold(&served, &duty, &held.id).await;

    put_away_another_class(&served).await;
    assert_eq!(served.cases(&li, "/v1/queue?state=all").await.len(), 8);

    let data = served.folder.path();
    let due = "[retention]\nany_class_days = 36500\n[retention.classes_days]\nwaterlogging = 1\n[evidence]\nbudget_mib = ";
    let server = Process::start(data, &format!("{due}15"));
    let in_order = [&first.clip, &second.clip, &over.clip, &first.picture].map(String::clone);
    wait_for("four files are dropped", &server, || dropped(&served).len() >= 4);
    wait_for("there is room", &server, || server.json("/v1/storage")["full"] == false);
    assert_eq!(
        dropped(&served),
        in_order,
        "clips of what was put away, clips of what is over, pictures of what was put away"
    );
    let left = server.json("/v1/queue?state=all&limit=50")["items"].to_string();
    let there = |one: &WithFiles| left.contains(&one.id);
    assert!(!there(first) && !there(second), "put away");
    assert!(there(held) && there(over) && open.iter().all(|one| there(one)));
    assert_eq!(server.get(&format!("/v1/evidence/{}", held.clip)).0, 200);
    assert_eq!(server.get(&format!("/v1/evidence/{}", over.clip)).0, 404);
    assert!(server.log().contains("2 incidents are past their retention"), "{}", server.log());
    assert_eq!(server.get("/readyz"), (200, "ok\n".to_owned()));
    verified(data);
    server.terminate();

    // With a budget that cannot be kept, the last thing that may go goes, and what must stay stays.
    let server = Process::start(data, &format!("{due}5"));
    wait_for("it says that nothing more may go", &server, || server.log().contains("no room for evidence"));
    assert_eq!(&dropped(&served)[4..], std::slice::from_ref(&second.picture));
    let (status, text) = server.get("/readyz");
    assert!(status == 200 && text.contains("over the budget"), "{text}");
    let evidence = data.join("evidence");
    let stay = open.iter().flat_map(|one| [&one.clip, &one.picture]);
    for file in stay.chain([&held.clip, &held.picture, &over.picture]) {
        assert!(evidence.join(file).is_file(), "{file}");
    }
    verified(data);
    server.terminate();
}
