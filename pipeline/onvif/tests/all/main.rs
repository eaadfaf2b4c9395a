//! The client against a camera on the loop-back interface that answers as the WSDL has it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gis::camera::PanTilt;
use pipeline_onvif::{OnvifError, PtzClient, PtzEndpoint};
use sha1::{Digest, Sha1};

const PASSWORD: &str = "p<ss";

/// A camera: one answer a connection, refused where the digest is not that of its password.
struct Camera {
    url: String,
    thread: JoinHandle<()>,
}

impl Camera {
    fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/onvif/ptz_service", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut stream);
                let (status, body) = match refusal(&request) {
                    None => ("200 OK", answer),
                    Some(fault) => ("400 Bad Request", fault),
                };
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: application/soap+xml\r\nContent-Length: {length}\r\n\
                     Connection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        Self { url, thread }
    }

    fn client(&self, password: &str) -> PtzClient {
        PtzClient::new(PtzEndpoint {
            url: self.url.clone(),
            profile: "profile_1".into(),
            user: Some(("operator".into(), password.into())),
            timeout: Duration::from_secs(20),
        })
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap() {
                return text;
            }
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request ended early: {text}");
        request.extend(&buffer[..count]);
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once(to).unwrap().0
}

/// The fault of a camera that does not know who asks.
fn refusal(request: &str) -> Option<String> {
    assert!(request.starts_with("POST /onvif/ptz_service"), "{request}");
    assert!(request.contains("<ProfileToken>profile_1</ProfileToken>"), "{request}");
    let nonce = STANDARD.decode(between(request, "<wsse:Nonce", "</wsse:Nonce>")).unwrap();
    let created = between(request, "<wsu:Created", "</wsu:Created>");
    let hash = Sha1::new().chain_update(nonce).chain_update(created).chain_update(PASSWORD).finalize();
    let right = STANDARD.encode(hash) == between(request, "<wsse:Password", "</wsse:Password>");
    (!right).then(|| {
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><e:Fault><e:Code><e:Value>e:Sender\
         </e:Value></e:Code><e:Reason><e:Text xml:lang=\"en\">Sender not Authorized</e:Text></e:Reason></e:Fault>\
         </e:Body></e:Envelope>"
            .to_owned()
    })
}

fn answer(pan: f64, zoom: f64, moves: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:tt=\"http://www.onvif.org/ver10/schema\"><e:Body>\
         <GetStatusResponse xmlns=\"http://www.onvif.org/ver20/ptz/wsdl\"><PTZStatus><tt:Position>\
         <tt:PanTilt x=\"{pan}\" y=\"-0.25\" space=\"http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace\"/>\
         <tt:Zoom x=\"{zoom}\"/></tt:Position><tt:MoveStatus><tt:PanTilt>{moves}</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom>\
         </tt:MoveStatus><tt:UtcTime>2026-06-20T07:30:01Z</tt:UtcTime></PTZStatus></GetStatusResponse></e:Body></e:Envelope>"
    )
}

fn now() -> jiff::Timestamp {
    "2026-06-20T07:30:00Z".parse().unwrap()
}

#[test]
fn a_camera_that_is_asked_with_the_right_password_says_where_it_looks() {
    let camera = Camera::start(vec![answer(0.5, 0.1, "IDLE"), answer(0.6, 0.1, "MOVING")]);
    let client = camera.client(PASSWORD);
    let first = client.status(now()).unwrap();
    assert_eq!(first.report.pan_tilt, PanTilt::Normalised { pan: 0.5, tilt: -0.25 });
    assert_eq!((first.report.zoom, first.report.moving), (Some(0.1), false));
    assert_eq!(first.time.unwrap().to_string(), "2026-06-20T07:30:01Z");
    assert!(client.status(now()).unwrap().report.moving);
    camera.thread.join().unwrap();
}

#[test]
fn a_wrong_password_and_a_broken_answer_are_told_without_the_password() {
    let camera = Camera::start(vec![answer(0.5, 0.1, "IDLE")]);
    let error = camera.client("wrong").status(now()).unwrap_err().to_string();
    assert!(
        error.ends_with("the camera refuses: Sender not Authorized") && !error.contains("wrong"),
        "{error}"
    );
    camera.thread.join().unwrap();
    let camera = Camera::start(vec!["<html>busy</html>".to_owned()]);
    let error = camera.client(PASSWORD).status(now()).unwrap_err();
    assert!(matches!(error, OnvifError::Answer { .. }), "{error}");
    camera.thread.join().unwrap();
}

#[test]
fn a_camera_that_is_not_there_is_told_with_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/onvif/ptz_service", listener.local_addr().unwrap());
    drop(listener);
    let camera = Camera { url: url.clone(), thread: std::thread::spawn(|| {}) };
    let error = camera.client(PASSWORD).status(now()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot ask {url}: ")), "{error}");
}

/// A camera of others, or a program that plays one: `FLYONCE_ONVIF=http://127.0.0.1:8080/onvif/ptz_service,PROFILE`, with
/// `,NAME,PASSWORD` behind it where it asks for them.
#[test]
#[expect(clippy::disallowed_methods, reason = "a camera holds the time of a request against its clock")]
fn a_camera_of_others_says_where_it_looks() {
    let Ok(named) = std::env::var("FLYONCE_ONVIF") else {
        println!("not measured: FLYONCE_ONVIF names no camera");
        return;
    };
    let mut parts = named.split(',').map(str::to_owned);
    let (url, profile) = (parts.next().unwrap(), parts.next().unwrap());
    let user = parts.next().zip(parts.next());
    let endpoint = PtzEndpoint { url, profile, user, timeout: Duration::from_secs(20) };
    let status = PtzClient::new(endpoint).status(jiff::Timestamp::now()).unwrap();
    println!("{status:?}");
}
