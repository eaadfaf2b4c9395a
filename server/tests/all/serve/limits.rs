//! Who comes too often: turned away with words, counted, and alone in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::config::{LimitsEntry, ServeEntry};
use server::serve::accounts::{Role, Scope};
use server::serve::connections::{self, Bounds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Badge, Served, served};

/// Requests at once that a strict server answers.
const BURST: usize = 50;

/// A server that lets each caller and each address come fifty times, and sign in once.
fn strict() -> Served {
    let served = served(1);
    let limits = "caller_per_second = 1\ncaller_burst = 50\naddress_per_second = 1\naddress_burst = 50\n\
                  sign_in_per_minute = 1\nsign_in_burst = 1";
    let limits: LimitsEntry = toml::from_str(limits).unwrap();
    let trusted_proxies = vec!["10.0.0.1/32".parse().unwrap()];
    served.app.door.apply(ServeEntry { limits, trusted_proxies, ..ServeEntry::default() }).unwrap();
    served
}

/// Asks until it is refused; returns how often it was answered before, and the refusal.
async fn until_refused(
    served: &Served,
    peer: &str,
    request: impl Fn() -> Request<Body>,
) -> (usize, HeaderMap, Value) {
    let mut answered = 0;
    loop {
        let (status, headers, problem) = from(served, peer, request()).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return (answered, headers, problem);
        }
        answered += 1;
        assert!(answered < BURST * 4, "{peer} is never refused");
    }
}

async fn from(served: &Served, peer: &str, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let mut request = request;
    let peer: SocketAddr = format!("{peer}:50000").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = tower::ServiceExt::oneshot(served.router.clone(), request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn asking(path: &str, badge: &Badge) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(token) = &badge.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(cookie) = &badge.cookie {
        request = request.header("cookie", cookie);
    }
    request.body(Body::empty()).unwrap()
}

fn signing_in(name: &str) -> Request<Body> {
    let body = json!({"name": name, "password": "wrong password"}).to_string();
    let request = Request::builder().method(Method::POST).uri("/v1/sign-in");
    request.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_again_and_others_go_on() {
    let served = strict();
    let (li, hub) = (served.person("li", Role::Analyst, None), served.machine("hub", &[Scope::Read], None));
    for badge in [&li, &hub] {
        let (answered, headers, problem) =
            until_refused(&served, "203.0.113.7", || asking("/v1/session", badge)).await;
        assert!(answered >= BURST, "{answered}");
        assert_eq!(headers["retry-after"], "1");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(problem["type"], "/problems/too-many");
        assert_eq!(problem["status"], 429);
        assert!(problem["detail"].as_str().unwrap().contains("try again in 1 s"), "{problem}");
    }
    let wang = served.person("wang", Role::Analyst, None);
    assert_eq!(from(&served, "203.0.113.7", asking("/v1/queue", &wang)).await.0, StatusCode::OK);
    let metrics = served.get(&wang, "/metrics").await.bytes;
    let metrics = String::from_utf8(metrics).unwrap();
    for line in ["{limit=\"account\"} 1", "{limit=\"token\"} 1", "{limit=\"address\"} 0"] {
        assert!(metrics.contains(&format!("flyonce_requests_refused_total{line}")), "{metrics}");
    }
}

#[tokio::test]
async fn strangers_are_counted_by_address_behind_a_proxy_too() {
    let served = strict();
    let nobody = Badge { token: Some("fo_00".to_owned()), ..Badge::default() };
    let plain = || asking("/v1/queue", &nobody);
    assert_eq!(from(&served, "203.0.113.7", plain()).await.0, StatusCode::UNAUTHORIZED);
    let (answered, ..) = until_refused(&served, "203.0.113.7", plain).await;
    assert!(answered >= BURST - 1, "words that are made up share the bucket of their address: {answered}");
    assert_eq!(from(&served, "203.0.113.8", plain()).await.0, StatusCode::UNAUTHORIZED);
    let behind = |client: &str| {
        let mut request = asking("/v1/queue", &nobody);
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
        request
    };
    let (answered, ..) = until_refused(&served, "10.0.0.1", || behind("203.0.113.7")).await;
    assert!(answered < BURST / 2, "it is the same bucket: {answered}");
    assert_eq!(from(&served, "10.0.0.1", behind("203.0.113.9")).await.0, StatusCode::UNAUTHORIZED);
    let (answered, ..) = until_refused(&served, "203.0.113.7", || behind("203.0.113.99")).await;
    assert!(answered < BURST / 2, "who is no proxy is not believed: {answered}");
}

#[tokio::test]
async fn attempts_to_sign_in_are_fewer_and_health_is_always_answered() {
    let served = strict();
    assert_eq!(from(&served, "203.0.113.7", signing_in("li")).await.0, StatusCode::UNAUTHORIZED);
    let (status, headers, _) = from(&served, "203.0.113.7", signing_in("wang")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let secs: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&secs), "{secs}");
    let link = asking("/sign-in?token=00", &Badge::default());
    assert_eq!(from(&served, "203.0.113.7", link).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(&served, "203.0.113.8", signing_in("wang")).await.0, StatusCode::UNAUTHORIZED);
    for _ in 0..5 {
        assert_eq!(
            from(&served, "203.0.113.7", asking("/healthz", &Badge::default())).await.0,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn the_usual_limits_let_the_page_and_consumers_through() {
    let served = served(1);
    let hub = served.machine("hub", &[Scope::Read], None);
    for _ in 0..300 {
        assert_eq!(served.get(&hub, "/v1/feed?after=0").await.status, StatusCode::OK);
    }
}

/// A server that takes connections until `end` is sent.
struct Listening {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn listening(bounds: impl FnOnce(Bounds) -> Bounds) -> Listening {
    let served = served(1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let until = async { drop(ended.await) };
    let bounds = bounds(Bounds::of(Arc::clone(&served.app.door)));
    let serving = tokio::spawn(async move {
        connections::serve(listener, served.router.clone(), bounds, until).await;
        drop(served);
    });
    Listening { address, end, serving }
}

#[tokio::test]
async fn a_client_that_never_says_what_it_wants_is_cut_while_others_are_answered() {
    let Listening { address, end, serving } =
        listening(|usual| Bounds { head: Duration::from_millis(500), ..usual }).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
    let mut other = TcpStream::connect(address).await.unwrap();
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    end.send(()).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn an_address_that_holds_its_share_of_connections_gets_no_more_until_it_lets_one_go() {
    let Listening { address, end, serving } = listening(|usual| Bounds { each: 1, ..usual }).await;
    let ask = |from: SocketAddr| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.is_ok().then_some(stream)
    };
    let (one, other) = ("127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap());
    let held = ask(one).await.unwrap();
    assert!(ask(one).await.is_none());
    let others = ask(other).await.unwrap();
    drop(held);
    while ask(one).await.is_none() {
        tokio::task::yield_now().await;
    }
    drop(others);
    end.send(()).unwrap();
    serving.await.unwrap();
}
