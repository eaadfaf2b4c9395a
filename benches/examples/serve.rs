//! A server under load, from outside.
//!
//! `serve fill PATTERN TARGET TASKS OPEN` makes a store of so many tasks, the last OPEN of which go on, spread over 700 km², out of the
//! incidents and tasks of another store (that of `make demo`).
//! `serve api URL TOKEN TARGET ASKED` asks for items, boxes, the queue and one incident one after another, and prints what the slowest
//! took. `serve ogc BASE TOKEN TARGET ASKED` asks any server of OGC API - Features for the first two of these, at its own base.
//! `serve feed URL TOKEN TARGET CONSUMERS EVENTS SECONDS` writes so many events a second beside the server and prints how long after the
//! commit they reached the consumers of the event stream.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use dispatch::{State, Task, TaskId};
use gis::{DedupeConfig, Incident, IncidentId, IncidentState};
use jiff::{SignedDuration, Timestamp};
use store::{Run, RunId, RunRecord, SqliteStore, Store};
use uuid::Uuid;

const A_BATCH: usize = 1_000;
/// Side of the city, degrees of latitude; as many of longitude make 700 km² at 29°.
const SIDE_DEG: f64 = 0.255;
/// Side of a box that is asked for, degrees: about a square kilometre.
const BOX_DEG: f64 = 0.01;
const COMMITS_A_SECOND: u64 = 10;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["fill", pattern, target, tasks, open] => fill(pattern, target, tasks.parse()?, open.parse()?),
        ["api", url, token, target, asked] => Server { url, token }.ask_all(target, asked.parse()?),
        ["ogc", url, token, target, asked] => {
            let tasks = open(target)?.tasks()?;
            Server { url, token }.ask_features("", &tasks, asked.parse()?)
        }
        ["feed", url, token, target, consumers, events, seconds] => {
            let load =
                Load { consumers: consumers.parse()?, events: events.parse()?, seconds: seconds.parse()? };
            feed(&Server { url, token }, target, &load)
        }
        _ => bail!("usage: serve fill|api|feed ..., see the head of the file"),
    }
}

fn open(path: &str) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(Path::new(path)).with_context(|| format!("cannot open {path}"))
}

/// Incidents and tasks as saved when the last of them was seen.
fn record(incidents: Vec<Incident>, tasks: Vec<Task>) -> RunRecord {
    let saved_at = incidents.iter().map(|incident| incident.last_seen).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let run = Run {
        id: RunId(Uuid::from_u128(1)),
        inputs: Vec::new(),
        frames: 0,
        analysed_frames: 0,
        detections: 0,
    };
    let (observations, config, looked_at) = (Vec::new(), DedupeConfig::default(), Vec::new());
    RunRecord { run, saved_at, observations, incidents, tasks, config, looked_at }
}

fn fill(pattern: &str, target: &str, count: usize, going_on: usize) -> anyhow::Result<()> {
    let from = open(pattern)?;
    let tasks = from.tasks()?;
    let pairs: Vec<(Incident, Task)> = tasks
        .into_iter()
        .filter_map(|task| Some((from.incident(task.incident_id).ok()??, task)))
        .filter(|(incident, _)| incident.position.is_some())
        .collect();
    anyhow::ensure!(!pairs.is_empty(), "{pattern} holds no task with a place");
    let mut store = open(target)?;
    let start = Instant::now();
    for first in (0..count).step_by(A_BATCH) {
        let numbers = first..(first + A_BATCH).min(count);
        let all = numbers.map(|number| copy(&pairs[number % pairs.len()], number, number + going_on < count));
        let (incidents, tasks) = all.unzip();
        store.save_run(&record(incidents, tasks))?;
    }
    print(&format!(
        "{{\"tasks\": {count}, \"open\": {going_on}, \"filled_s\": {:.0}}}",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// An incident and its task at another time and place; the last ones were found last.
fn copy((incident, task): &(Incident, Task), number: usize, over: bool) -> (Incident, Task) {
    let (mut incident, mut task) = (incident.clone(), task.clone());
    let later = SignedDuration::from_secs(20 * number as i64);
    let millis = (incident.first_seen + later).as_millisecond() as u128;
    let id = |kind: u128| Uuid::from_u128(millis << 80 | 7 << 76 | kind << 62 | number as u128);
    (incident.id, task.id) = (IncidentId(id(2)), TaskId(id(3)));
    task.incident_id = incident.id;
    (incident.first_seen, incident.last_seen) = (incident.first_seen + later, incident.last_seen + later);
    task.created += later;
    // What only the next sighting needs is left out: a million of them would be most of the disk.
    (incident.observations, incident.fixes, incident.outlines) = (Vec::new(), Vec::new(), Vec::new());
    // A low-discrepancy sequence in the plane (Roberts 2018): even everywhere.
    let part = |step: f64| (number as f64 * step).fract() * SIDE_DEG;
    if let Some(position) = &mut incident.position {
        let at = &mut position.point.lat_lon;
        (at.lat_deg, at.lon_deg) =
            (28.85 + part(0.754_877_666_246_693), 118.75 + part(0.569_840_290_998_053));
        task.position = *at;
        incident.place = Some(*at);
    }
    if over {
        (incident.state, task.state) = (IncidentState::Closed, State::Closed);
    }
    (incident, task)
}

struct Server<'a> {
    url: &'a str,
    token: &'a str,
}

impl Server<'_> {
    fn get(&self, agent: &ureq::Agent, path: &str) -> anyhow::Result<ureq::Body> {
        let request = agent
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        Ok(request.call().with_context(|| format!("GET {path}"))?.into_body())
    }

    fn ask_all(&self, target: &str, asked: usize) -> anyhow::Result<()> {
        let tasks = open(target)?.tasks()?;
        self.ask_features("/ogc", &tasks, asked)?;
        self.ask("incident", asked, |n| format!("/v1/incidents/{}", nth(&tasks, n).incident_id))?;
        self.ask("queue", asked / 10, |_| "/v1/queue".to_owned())?;
        self.ask("overview", 10, |_| "/v1/overview".to_owned())?;
        self.ask("map", 10, |_| "/v1/map".to_owned())
    }

    fn ask_features(&self, base: &str, tasks: &[Task], asked: usize) -> anyhow::Result<()> {
        self.ask("item", asked, |n| format!("{base}/collections/tasks/items/{}", nth(tasks, n).id))?;
        self.ask("items?bbox", asked, |n| {
            let at = nth(tasks, n).position;
            let [west, south] = [at.lon_deg - BOX_DEG / 2.0, at.lat_deg - BOX_DEG / 2.0];
            let (east, north) = (west + BOX_DEG, south + BOX_DEG);
            format!("{base}/collections/tasks/items?bbox={west},{south},{east},{north}&limit=100")
        })
    }

    fn ask(&self, what: &str, times: usize, path: impl Fn(usize) -> String) -> anyhow::Result<()> {
        let agent = ureq::Agent::new_with_defaults();
        let (mut millis, mut bytes) = (Vec::new(), 0);
        for n in 0..times {
            let path = path(n);
            let start = Instant::now();
            let mut body = self.get(&agent, &path)?;
            bytes += body.with_config().limit(1 << 30).read_to_vec()?.len();
            millis.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let kib = bytes as f64 / 1024.0 / times.max(1) as f64;
        print(&format!("{{\"asked\": \"{what}\", {}, \"kib_each\": {kib:.1}}}", spread(&mut millis)));
        Ok(())
    }
}

/// A task, another each time.
fn nth(tasks: &[Task], n: usize) -> &Task {
    &tasks[n.wrapping_mul(7_919_777) % tasks.len()]
}

struct Load {
    consumers: usize,
    events: u64,
    seconds: u64,
}

/// When each event was committed; events that come before are not known.
#[derive(Default)]
struct Committed {
    first: u64,
    at: Vec<Instant>,
}

fn feed(server: &Server<'_>, target: &str, load: &Load) -> anyhow::Result<()> {
    let mut store = open(target)?;
    let (committed, ready) = (Arc::new(Mutex::new(Committed::default())), Barrier::new(load.consumers + 1));
    let ended = AtomicBool::new(false);
    let (mut millis, mut orders) = (Vec::new(), 0);
    let expected = thread::scope(|scope| -> anyhow::Result<u64> {
        let consumer = || consume(server, &committed, &ready, &ended);
        let consumers: Vec<_> = (0..load.consumers).map(|_| scope.spawn(consumer)).collect();
        ready.wait();
        let written = write(&mut store, &committed, load)?;
        thread::sleep(Duration::from_secs(3));
        ended.store(true, Ordering::Relaxed);
        // One more event lets those who wait for a line see that it is over.
        write(&mut store, &committed, &Load { consumers: 0, events: COMMITS_A_SECOND, seconds: 1 })?;
        for consumer in consumers {
            let (own, disordered) = consumer.join().map_err(|_| anyhow::anyhow!("a consumer panicked"))??;
            millis.extend(own);
            orders += disordered;
        }
        Ok(written * load.consumers as u64)
    })?;
    let delivered = millis.len();
    let rate = delivered as f64 / load.seconds as f64;
    print(&format!(
        "{{\"consumers\": {}, \"expected\": {expected}, \"delivered\": {delivered}, \"a_second\": {rate:.0}, \"out_of_order\": {orders}, {}}}",
        load.consumers,
        spread(&mut millis)
    ));
    Ok(())
}

/// Changes the same incidents again and again: an event each.
fn write(store: &mut SqliteStore, committed: &Mutex<Committed>, load: &Load) -> anyhow::Result<u64> {
    let each = (load.events / COMMITS_A_SECOND) as usize;
    let mut incidents: Vec<Incident> = store.open_incidents()?.into_iter().take(each).collect();
    anyhow::ensure!(incidents.len() == each, "the store has only {} open incidents", incidents.len());
    let mut cursor = last_event(store)?;
    let (start, mut written) = (Instant::now(), 0);
    for turn in 0..load.seconds * COMMITS_A_SECOND {
        let at = start + Duration::from_millis(1_000 / COMMITS_A_SECOND) * u32::try_from(turn)?;
        thread::sleep(at.saturating_duration_since(Instant::now()));
        for incident in &mut incidents {
            incident.sightings += 1;
            incident.last_seen += SignedDuration::from_secs(1);
        }
        // What is committed is known before any consumer can have it.
        let mut known = committed.lock().map_err(|_| anyhow::anyhow!("a consumer panicked"))?;
        store.save_run(&record(incidents.clone(), Vec::new()))?;
        let now = Instant::now();
        let events = store.events_after(cursor, 10_000)?;
        if known.at.is_empty() {
            known.first = cursor + 1;
        }
        for event in &events {
            cursor = event.seq;
            known.at.push(now);
        }
        written += events.len() as u64;
    }
    Ok(written)
}

fn last_event(store: &SqliteStore) -> anyhow::Result<u64> {
    let mut cursor = 0;
    while let Some(last) = store.events_after(cursor, 10_000)?.last() {
        cursor = last.seq;
    }
    Ok(cursor)
}

/// Reads the stream until all is over: milliseconds from commit to arrival, and how many came out of order.
fn consume(
    server: &Server<'_>,
    committed: &Mutex<Committed>,
    ready: &Barrier,
    ended: &AtomicBool,
) -> anyhow::Result<(Vec<f64>, usize)> {
    let agent = ureq::Agent::new_with_defaults();
    let body = server.get(&agent, "/v1/feed/stream");
    ready.wait();
    let mut lines = BufReader::with_capacity(1 << 16, body?.into_reader());
    let (mut arrived, mut line) = (Vec::new(), String::new());
    while !ended.load(Ordering::Relaxed) {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            break;
        }
        if let Some(seq) = line.strip_prefix("id:") {
            arrived.push((seq.trim().parse::<u64>()?, Instant::now()));
        }
    }
    let disordered = arrived.windows(2).filter(|pair| pair[1].0 != pair[0].0 + 1).count();
    let known = committed.lock().map_err(|_| anyhow::anyhow!("the writer panicked"))?;
    let late = |(seq, at): (u64, Instant)| {
        let index = usize::try_from(seq.checked_sub(known.first)?).ok()?;
        Some(at.saturating_duration_since(*known.at.get(index)?).as_secs_f64() * 1e3)
    };
    Ok((arrived.into_iter().filter_map(late).collect(), disordered))
}

fn spread(millis: &mut [f64]) -> String {
    millis.sort_by(f64::total_cmp);
    let part = |share: f64| {
        millis
            .get(((millis.len() as f64 * share) as usize).min(millis.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    format!("\"p50_ms\": {:.1}, \"p99_ms\": {:.1}, \"most_ms\": {:.1}", part(0.5), part(0.99), part(1.0))
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn print(text: &str) {
    println!("{text}");
}
