//! Service requests of citizens, in and out.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use server::serve::accounts::{Role, Scope};

use super::{Answer, Badge, Served, served, step};

const FORM: &str = "application/x-www-form-urlencoded";
/// A place in a zone of the sample city.
const PLACE: &str = "service_code=waterlogging&lat=28.9686&long=118.8687";

/// The folder of reference data, where there is one.
fn reference() -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference");
    let folder = std::env::var_os("FLYONCE_REFERENCE").unwrap_or_else(|| beside.into());
    Some(std::path::PathBuf::from(folder).join("vectors/open311")).filter(|folder| folder.is_dir())
}

async fn submit(served: &Served, badge: &Badge, format: &str, form: &str, more: &[(&str, &str)]) -> Answer {
    let path = format!("/open311/v2/requests.{format}");
    served.send(badge, Method::POST, &path, Some(form.as_bytes().to_vec()), FORM, more).await
}

fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.json()[0]["service_request_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_citizen_reports_waits_for_an_analyst_and_is_followed_to_its_end() {
    let served = served(2);
    let portal = served.machine("portal", &[Scope::Submit], None);
    let key = portal.token.clone().unwrap();
    let li = served.person("li", Role::Analyst, None);
    let form = format!(
        "api_key={key}&{PLACE}&description=Knee+deep+%3Cb%3E&first_name=Wei&phone=111&email=w%40x.cn&device_id=7"
    );
    let id = id_of(&submit(&served, &Badge::default(), "json", &form, &[]).await);
    let waiting = served.cases(&li, "/v1/queue?state=waiting").await;
    let case = waiting.iter().find(|case| case["id"] == id.as_str()).expect("it is in the queue");
    assert_eq!(case["task"]["state"], "proposed");
    let shown = served.get(&li, &format!("/v1/incidents/{id}")).await;
    let text = String::from_utf8(shown.bytes).unwrap();
    assert!(text.contains("reported: Knee deep <b>"), "{text}");
    assert!(!text.contains("Wei") && !text.contains("w@x.cn"), "nothing is kept of who it was");

    let path = format!("/open311/v2/requests/{id}.json?api_key={key}");
    let told = served.get(&Badge::default(), &path).await.json();
    assert_eq!(
        (told[0]["status"].as_str(), told[0]["description"].as_str()),
        (Some("open"), Some("Knee deep <b>"))
    );
    let done = served.call(&li, Method::POST, "/v1/operations", Some(step(case, "confirm", ""))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", String::from_utf8_lossy(&done.bytes));
    let told = served.get(&Badge::default(), &path).await.json();
    assert!(told[0]["status_notes"].as_str().unwrap().contains("dispatched"), "{told}");
    assert!(told[0]["agency_responsible"].is_string() && told[0]["expected_datetime"].is_string(), "{told}");
    let sent = served.cases(&li, "/v1/queue?state=sent").await;
    let case = sent.iter().find(|case| case["id"] == id.as_str()).unwrap();
    let done =
        served.call(&li, Method::POST, "/v1/operations", Some(step(case, "reject", "is a fountain"))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", String::from_utf8_lossy(&done.bytes));
    let told = served.get(&Badge::default(), &path).await.json();
    assert_eq!(told[0]["status"], "closed");
    let token = served.get(&portal, &format!("/open311/v2/tokens/{id}.json")).await.json();
    assert_eq!(token[0]["service_request_id"], id.as_str());
}

#[tokio::test]
async fn a_report_sent_twice_with_one_key_is_one_case_and_without_a_key_two() {
    let served = served(1);
    let portal = served.machine("portal", &[Scope::Submit], None);
    let key = [("idempotency-key", "a1")];
    let first = id_of(&submit(&served, &portal, "json", PLACE, &key).await);
    assert_eq!(id_of(&submit(&served, &portal, "json", PLACE, &key).await), first);
    let other = id_of(&submit(&served, &portal, "json", &format!("{PLACE}&description=again"), &[]).await);
    assert_ne!(other, first);
    let all = served.get(&portal, "/open311/v2/requests.json").await.json();
    assert_eq!(all.as_array().unwrap().len(), 2, "a portal sees what it submitted, and nothing else");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_the_words_of_the_standard() {
    let served = served(1);
    let portal = served.machine("portal", &[Scope::Submit], None);
    let reader = served.machine("reader", &[Scope::Read], None);
    let cases = [
        (&portal, "lat=1&long=1", 400),
        (&portal, "service_code=waterlogging", 400),
        (&portal, "service_code=waterlogging&lat=91&long=1", 400),
        (&portal, "service_code=waterlogging&lat=x&long=1", 400),
        (&portal, "service_code=potholes&lat=1&long=1", 404),
        (&reader, PLACE, 403),
        (&Badge::default(), PLACE, 403),
        (&Badge::default(), "api_key=fo_00&service_code=waterlogging&lat=1&long=1", 403),
    ];
    for (badge, form, status) in cases {
        let json = submit(&served, badge, "json", form, &[]).await;
        assert_eq!(json.status, status, "{form}");
        assert_eq!(json.json()[0]["code"], status, "{form}");
        let xml = submit(&served, badge, "xml", form, &[]).await;
        let text = String::from_utf8(xml.bytes).unwrap();
        assert_eq!((xml.status.as_u16(), xml.media.as_str()), (status, "text/xml; charset=utf-8"));
        assert!(text.contains(&format!("<errors><error><code>{status}</code><description>")), "{text}");
    }
    let long = format!("{PLACE}&description={}", "a".repeat(4_001));
    assert_eq!(submit(&served, &portal, "json", &long, &[]).await.status, 400);
    for query in ["status=duplicate", "start_date=2026-01-01&end_date=2026-06-01", "start_date=soon"] {
        let path = format!("/open311/v2/requests.json?{query}");
        assert_eq!(served.get(&reader, &path).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn requests_are_found_by_service_time_state_and_id() {
    let served = served(6);
    let reader = served.machine("reader", &[Scope::Read], None);
    let count = |query: String| {
        let (served, reader) = (&served, &reader);
        async move {
            let path = format!("/open311/v2/requests.json?{query}");
            served.get(reader, &path).await.json().as_array().unwrap().len()
        }
    };
    let june = "start_date=2026-06-01T00:00:00Z&end_date=2026-06-30T00:00:00Z";
    assert_eq!(count(june.to_owned()).await, 6);
    assert_eq!(count(format!("{june}&service_code=waterlogging,fume")).await, 6);
    assert_eq!(count(format!("{june}&service_code=dumping")).await, 0);
    assert_eq!(count(format!("{june}&status=open")).await, 6);
    assert_eq!(count(format!("{june}&status=closed")).await, 0);
    assert_eq!(count("start_date=2026-05-01&end_date=2026-05-30".to_owned()).await, 0);
    let all = served.get(&reader, &format!("/open311/v2/requests.json?{june}")).await.json();
    let ids: Vec<&str> = (0..2).map(|i| all[i]["service_request_id"].as_str().unwrap()).collect();
    assert_eq!(count(format!("service_request_id={}&status=closed", ids.join(","))).await, 2);
}

/// Names of the fields of the first request of a list.
fn names(value: &Value) -> std::collections::BTreeSet<String> {
    value[0].as_object().unwrap().keys().cloned().collect()
}

/// The examples of the standard are the truth; not all of them are well-formed as published.
#[tokio::test]
async fn answers_have_the_fields_of_the_standards_examples() {
    let Some(folder) = reference() else {
        println!("fields of GeoReport v2: not measured, there is no reference data");
        return;
    };
    let served = served(1);
    let portal = served.machine("portal", &[Scope::Submit, Scope::Read], None);
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let posted = submit(&served, &portal, "json", PLACE, &[]).await.json();
    let example: Value = serde_json::from_str(&text("json-service-request-post.json")).unwrap();
    assert_eq!(names(&posted), names(&example));
    let id = posted[0]["service_request_id"].as_str().unwrap();
    let token = served.get(&portal, &format!("/open311/v2/tokens/{id}.json")).await.json();
    let example: Value = serde_json::from_str(&text("json-request-from-token.json")).unwrap();
    assert_eq!(names(&token), names(&example));
    let xml = |path: String| {
        let (served, portal) = (&served, &portal);
        async move { String::from_utf8(served.get(portal, &path).await.bytes).unwrap() }
    };
    let pairs = [
        ("xml-service-list.xml", xml("/open311/v2/services.xml".to_owned()).await),
        ("xml-service-request.xml", xml(format!("/open311/v2/requests/{id}.xml")).await),
        ("xml-request-from-token.xml", xml(format!("/open311/v2/tokens/{id}.xml")).await),
    ];
    for (example, ours) in pairs {
        let (example, ours) = (elements(&text(example)), elements(&ours));
        assert!(example.is_subset(&ours), "missing: {:?}", example.difference(&ours).collect::<Vec<_>>());
    }
}

/// Paths of all elements of a document.
fn elements(xml: &str) -> std::collections::BTreeSet<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut path, mut all) = (Vec::new(), std::collections::BTreeSet::new());
    loop {
        use quick_xml::events::Event;
        let name = |start: &quick_xml::events::BytesStart<'_>| start.name().as_ref().to_owned();
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(name(&start));
                all.insert(path.join("/"));
            }
            Event::Empty(start) => {
                all.insert(format!("{}/{}", path.join("/"), name(&start)));
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Eof => return all,
            _ => {}
        }
    }
}
