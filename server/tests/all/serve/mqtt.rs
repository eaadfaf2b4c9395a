//! Events published to a real broker, which is killed, started again, cut off and made to refuse.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use server::config::MqttEntry;
use server::serve::accounts::Scope;
use server::serve::mqtt::Mqtt;
use server::serve::outbox::receivers;
use store::Consumer;

use super::{Served, served};

/// A broker that ends with the test.
struct Broker {
    child: Child,
    port: u16,
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn broker(folder: &Path, port: u16, more: &str) -> Broker {
    let config = folder.join("mosquitto.conf");
    std::fs::write(&config, format!("user root\nlistener {port} 127.0.0.1\n{more}\n")).unwrap();
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    let child = Command::new("mosquitto")
        .env("PATH", path)
        .arg("-c")
        .arg(&config)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let broker = Broker { child, port };
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    broker
}

/// `mosquitto_sub`, subscribed to everything.
struct Subscriber {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What arrived.
#[derive(Debug, Clone)]
struct Got {
    topic: String,
    media: String,
    properties: String,
    event: serde_json::Value,
}

impl Got {
    fn seq(&self) -> u64 {
        self.event["id"].as_str().unwrap().parse().unwrap()
    }
}

impl Subscriber {
    fn to(port: u16, topic: &str, more: &[&str]) -> Self {
        // Without it lines wait in a buffer of the subscriber.
        let mut child = Command::new("stdbuf")
            .args([
                "-oL",
                "mosquitto_sub",
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-V",
                "mqttv5",
                "-q",
                "1",
                "-d",
                "-t",
                topic,
            ])
            .args(["-F", "got\t%t\t%C\t%P\t%p"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let subscribed = lines.any(|line| line.unwrap().starts_with("Subscribed"));
        assert!(subscribed, "the broker took the subscription");
        Self { child, lines }
    }

    fn next(&mut self) -> Vec<String> {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("got\t")).expect("the subscriber lives");
        line.split('\t').skip(1).map(str::to_owned).collect()
    }

    fn take(&mut self, count: usize) -> Vec<Got> {
        let one = |_| {
            let [topic, media, properties, body] = self.next().try_into().unwrap();
            Got { topic, media, properties, event: serde_json::from_str(&body).unwrap() }
        };
        (0..count).map(one).collect()
    }
}

fn entry(url: &str) -> MqttEntry {
    toml::from_str(&format!("id = \"city\"\nurl = \"{url}\"")).unwrap()
}

/// A broker that is told everything from the first event on.
fn mqtt(served: &Served, entry: MqttEntry) -> Mqtt {
    let consumer = Consumer::new(&entry.id, "mqtt", &entry.url, 0);
    served.app.stores.with(|store| store.put_consumer(&consumer)).unwrap();
    Mqtt::new(&served.app, entry).unwrap()
}

fn consumer(served: &Served) -> Consumer {
    served.app.stores.with(|store| Ok(store.consumers()?.remove(0))).unwrap()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

/// Publishes until nothing is left.
fn publish_all(served: &Served, mqtt: &mut Mqtt, now: Timestamp) {
    while mqtt.step(&served.app, now).unwrap() {}
}

fn first_seen(got: &[Got]) -> Vec<u64> {
    let mut seen = Vec::new();
    for seq in got.iter().map(Got::seq) {
        if !seen.contains(&seq) {
            seen.push(seq);
        }
    }
    seen
}

/// Every event, and how many messages it is.
fn expected(served: &Served) -> (Vec<u64>, usize) {
    let events = served.app.stores.with(|store| store.events_after(0, 1_000)).unwrap();
    let (board, city) = (served.app.board(), &served.app.city);
    let of_one = |event| server::serve::events::render(event, &board, city, at(0)).departments.len().max(1);
    (events.iter().map(|event| event.seq).collect(), events.iter().map(of_one).sum())
}

#[test]
fn each_event_is_published_once_in_order_as_a_cloud_event() {
    let served = served(6);
    let broker = broker(served.folder.path(), free_port(), "allow_anonymous true");
    let mut mqtt = mqtt(&served, entry(&format!("mqtt://127.0.0.1:{}", broker.port)));
    let mut all = Subscriber::to(broker.port, "flyonce/v1/+/+/+", &[]);
    publish_all(&served, &mut mqtt, at(0));
    let (events, messages) = expected(&served);
    let got = all.take(messages);
    assert_eq!(first_seen(&got), events);
    let mut topics: Vec<&str> = Vec::new();
    for one in &got {
        assert_eq!(one.media, "application/cloudevents+json; charset=utf-8");
        let kind = one.event["type"].as_str().unwrap();
        assert!(one.properties.contains(kind), "{} in {}", kind, one.properties);
        let levels: Vec<&str> = one.topic.split('/').collect();
        if kind.contains(".task.") {
            assert_eq!((levels[3], levels[4]), ("task", one.event["subject"].as_str().unwrap()));
            let lead = one.event["data"]["case"]["task"]["lead"].as_str().unwrap();
            topics.push(if levels[2] == lead { "lead" } else { "assisting" });
        }
    }
    assert!(topics.contains(&"lead"));
    assert_eq!(consumer(&served).cursor, *events.last().unwrap());
    let mut status = Subscriber::to(broker.port, "flyonce/v1/status", &[]);
    assert_eq!(status.next().last().unwrap(), "online");
    drop(mqtt);
    assert_eq!(status.next().last().unwrap(), "offline", "the broker tells when the server is gone");
}

#[test]
fn a_broker_that_is_away_for_ten_minutes_loses_nothing_and_gets_all_in_order() {
    let served = served(12);
    let port = free_port();
    let first = broker(served.folder.path(), port, "allow_anonymous true");
    let mut mqtt = mqtt(&served, entry(&format!("mqtt://127.0.0.1:{port}")));
    let mut before = Subscriber::to(port, "flyonce/v1/+/+/+", &[]);
    assert!(mqtt.step(&served.app, at(0)).unwrap());
    let (events, messages) = expected(&served);
    let arrived = consumer(&served).cursor;
    let got = before.take(messages);
    drop((before, first));
    served
        .app
        .stores
        .with(|store| {
            store.change_consumer("city", &mut |one| Ok(one.map(|one| Consumer { cursor: 0, ..one })))
        })
        .unwrap();
    assert_eq!(got.last().unwrap().seq(), arrived);

    let mut attempts = 0;
    for secs in 1..=600 {
        attempts += usize::from(mqtt.step(&served.app, at(secs)).unwrap());
    }
    assert!((10..=25).contains(&attempts), "{attempts} attempts in ten minutes");
    let away = consumer(&served);
    assert_eq!((away.cursor, away.dead_letters.len()), (0, 0));
    let told = served.app.stores.with(|store| receivers(store, arrived, at(600))).unwrap();
    assert!(told[0].alarm && told[0].last_error.is_some(), "{told:?}");

    let _second = broker(served.folder.path(), port, "allow_anonymous true");
    let mut after = Subscriber::to(port, "flyonce/v1/+/+/+", &[]);
    publish_all(&served, &mut mqtt, at(700));
    let got = after.take(messages);
    assert_eq!(first_seen(&got), events);
    assert_eq!(consumer(&served).cursor, arrived);
    let told = served.app.stores.with(|store| receivers(store, arrived, at(700))).unwrap();
    assert!(!told[0].alarm);
}

/// Passes bytes on to a broker and cuts the connection after some.
fn cutting_proxy(to: u16, cuts: Vec<usize>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for (i, near) in listener.incoming().map_while(Result::ok).enumerate() {
            counted.store(i + 1, Ordering::SeqCst);
            let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { return };
            let (mut back, mut home) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut home));
            let limit = cuts.get(i).copied().unwrap_or(usize::MAX) as u64;
            let mut far = far;
            std::io::copy(&mut (&near).take(limit), &mut far).ok();
            far.flush().ok();
            near.shutdown(Shutdown::Both).ok();
            far.shutdown(Shutdown::Both).ok();
        }
    });
    (port, count)
}

#[test]
fn a_connection_that_is_cut_anywhere_loses_nothing_and_only_repeats() {
    let served = served(8);
    let broker = broker(served.folder.path(), free_port(), "allow_anonymous true");
    let cuts = vec![10, 150, 900, 2_500, 4_000, 7_000, 11_000, 16_000, 20_001];
    let (port, connections) = cutting_proxy(broker.port, cuts);
    let mut mqtt = mqtt(&served, entry(&format!("mqtt://127.0.0.1:{port}")));
    let mut all = Subscriber::to(broker.port, "flyonce/v1/+/+/+", &[]);
    let (events, _) = expected(&served);
    for attempt in 0..60 {
        mqtt.step(&served.app, at(attempt * 120)).unwrap();
        if consumer(&served).cursor == *events.last().unwrap() {
            break;
        }
    }
    assert!(connections.load(Ordering::SeqCst) > 1, "it was cut");
    assert_eq!(consumer(&served).cursor, *events.last().unwrap());
    assert!(consumer(&served).dead_letters.is_empty());
    let mut got = Vec::new();
    while got.last().map(Got::seq) != events.last().copied() {
        got.extend(all.take(1));
    }
    assert_eq!(first_seen(&got), events, "new ones in order, none lost");
}

#[test]
fn what_a_broker_refuses_becomes_a_dead_letter_that_can_be_sent_again() {
    let served = served(1);
    let port = free_port();
    let small = broker(served.folder.path(), port, "allow_anonymous true\nmax_packet_size 900");
    let mut mqtt = mqtt(&served, entry(&format!("mqtt://127.0.0.1:{port}")));
    publish_all(&served, &mut mqtt, at(0));
    let (events, _) = expected(&served);
    let refused = consumer(&served);
    assert!(!refused.dead_letters.is_empty());
    assert!(refused.dead_letters[0].error.contains("more than the 900"), "{:?}", refused.dead_letters);
    assert_eq!(refused.cursor, *events.last().unwrap());
    drop(small);

    let closed = served.folder.path().join("acl");
    std::fs::write(&closed, "topic read #\n").unwrap();
    let rules = format!("allow_anonymous true\nacl_file {}", closed.display());
    let forbidding = broker(served.folder.path(), port, &rules);
    served.app.stores.with(|store| store.redrive("city")).unwrap();
    for attempt in 0..9 {
        mqtt.step(&served.app, at(100 + attempt * 100)).unwrap();
    }
    let forbidden = consumer(&served);
    assert!(forbidden.dead_letters[0].error.contains("NotAuthorized"), "{:?}", forbidden.dead_letters);
    drop(forbidding);

    let open = broker(served.folder.path(), port, "allow_anonymous true");
    let mut all = Subscriber::to(open.port, "flyonce/v1/+/+/+", &[]);
    served.app.stores.with(|store| store.redrive("city")).unwrap();
    for attempt in 0..3 {
        publish_all(&served, &mut mqtt, at(10_000 + attempt * 100));
    }
    let first = refused.dead_letters[0].first;
    let sent: Vec<u64> = events.iter().copied().filter(|seq| *seq >= first).collect();
    let got = all.take(sent.len());
    assert_eq!(first_seen(&got)[0], first);
}

fn openssl(folder: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Makes `{name}.pem` and `{name}.key`: an authority, and a server that it vouches for.
fn certificates(folder: &Path) {
    let new =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    for name in ["ca", "other"] {
        let (key, pem, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN=test {name}"));
        openssl(folder, &[&new[..], &["-subj", &subject, "-keyout", &key, "-out", &pem]].concat());
    }
    let asked = [
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ];
    openssl(folder, &[&asked[..], &["-keyout", "server.key", "-out", "server.csr"]].concat());
    std::fs::write(folder.join("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    let signed =
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(folder, &[&signed[..], &["-days", "2", "-extfile", "ext", "-out", "server.pem"]].concat());
}

#[test]
fn an_encrypted_broker_is_checked_and_the_password_is_told_to_nobody_else() {
    let served = served(1);
    let folder = served.folder.path();
    certificates(folder);
    std::fs::write(folder.join("password"), "s3cret-word\n").unwrap();
    let users = ["-b", "-c", "users", "desk", "s3cret-word"];
    let made = Command::new("mosquitto_passwd").args(users).current_dir(folder).status().unwrap();
    assert!(made.success());
    let file = |name: &str| folder.join(name).display().to_string();
    let tls = format!(
        "allow_anonymous false\npassword_file {}\ncertfile {}\nkeyfile {}",
        file("users"),
        file("server.pem"),
        file("server.key")
    );
    let broker = broker(folder, free_port(), &tls);
    let with = |ca: &str, user: &str| MqttEntry {
        user: Some(user.to_owned()),
        password_file: Some(folder.join("password")),
        ca_file: Some(folder.join(ca)),
        ..entry(&format!("mqtts://localhost:{}", broker.port))
    };
    for (ca, user) in [("other.pem", "desk"), ("ca.pem", "nobody")] {
        let mut wrong = mqtt(&served, with(ca, user));
        assert!(wrong.step(&served.app, at(0)).unwrap());
        let told = consumer(&served).delivery.last_error.unwrap();
        assert!(!told.contains("s3cret-word") && !format!("{wrong:?}").contains("s3cret-word"), "{told}");
        served.app.stores.with(|store| store.remove_consumer("city")).unwrap();
    }
    let mut right = mqtt(&served, with("ca.pem", "desk"));
    publish_all(&served, &mut right, at(1));
    assert_eq!(consumer(&served).cursor, served.app.board().cursor());
}

#[tokio::test]
async fn how_far_receivers_are_is_seen_and_dead_letters_are_sent_again_by_who_may() {
    let served = served(1);
    served
        .app
        .stores
        .with(|store| store.put_consumer(&Consumer::new("city", "mqtt", "mqtt://b", 0)))
        .unwrap();
    let admin = served.person("admin", server::serve::accounts::Role::Admin, None);
    let all = served.get(&admin, "/v1/consumers").await.json();
    assert_eq!((all[0]["id"].as_str(), all[0]["kind"].as_str()), (Some("city"), Some("mqtt")));
    assert!(all[0]["waiting"].as_u64().unwrap() > 0 && all[0]["alarm"].as_bool().unwrap());
    let post = axum::http::Method::POST;
    let again = served.call(&admin, post.clone(), "/v1/consumers/city/redrive", None).await;
    assert_eq!(again.status, 200);
    assert_eq!(served.call(&admin, post.clone(), "/v1/consumers/none/redrive", None).await.status, 404);
    let reader = served.machine("reader", &[Scope::Read], None);
    assert_eq!(served.get(&reader, "/v1/consumers").await.status, 403);
    let metrics = served.get(&reader, "/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(text.contains("flyonce_outbox_waiting{consumer=\"city\"}"), "{text}");
}
