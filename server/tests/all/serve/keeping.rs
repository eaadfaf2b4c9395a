//! Holds, retention, room, and who saw which original.

use axum::http::{Method, StatusCode};
use dispatch::EvidenceKind;
use jiff::SignedDuration;
use serde_json::json;
use server::config::EvidenceEntry;
use server::evidence::{EvidenceError, Shelf, keep};
use server::proof::room::{Rooms, Undisturbed};
use server::serve::accounts::{Role, Scope};
use server::serve::keeping::{Keeping, droppable};
use store::Retention;

use super::proof::{city, look};
use super::{Served, served, step};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn keeping() -> Keeping {
    Keeping::new(
        EvidenceEntry::default(),
        Retention { any_class_days: 30, ..Retention::default() },
        Vec::new(),
    )
}

/// Rejects every case that waits.
async fn reject_all(served: &Served) -> Vec<serde_json::Value> {
    let li = served.person("li", Role::Analyst, None);
    let cases = served.cases(&li, "/v1/queue?state=waiting").await;
    for case in &cases {
        let done =
            served.call(&li, Method::POST, "/v1/operations", Some(step(case, "reject", "a river"))).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json());
        let close = json!({"what": {"act": {"kind": "close", "incident": case["id"]}}, "reason": "a river"});
        served.call(&li, Method::POST, "/v1/operations", Some(close)).await;
    }
    cases
}

#[tokio::test]
async fn who_sees_an_original_is_written_down_once_and_admins_can_read_it() {
    let (served, file) = city(1).await;
    let li = served.person("li", Role::Analyst, None);
    let admin = served.person("admin", Role::Admin, None);
    for _ in 0..3 {
        assert_eq!(served.get(&li, &format!("/v1/evidence/{file}")).await.status, StatusCode::OK);
    }
    let told = served.get(&admin, "/v1/access").await.json();
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((items[0]["who"].as_str(), items[0]["file"].as_str()), (Some("li"), Some(file.as_str())));
    assert_eq!(served.get(&li, "/v1/access").await.status, StatusCode::FORBIDDEN);
    let later = served.get(&admin, &format!("/v1/access?after={}", told["next"])).await.json();
    assert!(later["items"].as_array().unwrap().is_empty());
    let other = served.machine("other", &[Scope::Read], Some("culture_market"));
    assert_eq!(served.get(&other, &format!("/v1/evidence/{file}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.get(&admin, "/v1/access").await.json()["items"].as_array().unwrap().len(), 1);
}

/// Difference of the lightest and the darkest pixel.
fn contrast(jpeg: &[u8]) -> u8 {
    let picture = image::load_from_memory(jpeg).unwrap().to_luma8();
    let values =
        || picture.enumerate_pixels().filter(|(u, _, _)| (40..720).contains(u)).map(|(_, _, luma)| luma.0[0]);
    values().max().unwrap() - values().min().unwrap()
}

#[tokio::test]
async fn who_may_not_see_originals_sees_coarse_pictures_and_no_clips_and_is_not_noted() {
    let served = served(2);
    let admin = served.person("admin", Role::Admin, None);
    let case = served.cases(&admin, "/v1/queue?state=all&limit=9").await;
    let case = case.iter().find(|case| case["stills"].to_string().contains("still.jpg")).unwrap().clone();
    let evidence = served.folder.path().join("evidence");
    let clip = keep(Shelf { folder: &evidence, rooms: None }, EvidenceKind::Clip, "webm", b"frames").unwrap();
    served.attach(&case, std::slice::from_ref(&clip));
    let lead = case["task"]["lead"].as_str().unwrap();
    let clip = format!("/v1/evidence/{}", clip.file);
    let still = "/v1/evidence/still.jpg";
    let coarse = [
        served.person("crew", Role::Department, Some(lead)),
        served.person("pilot", Role::Operator, None),
        served.machine("portal", &[Scope::Read], None),
        served.machine("dispatch", &[Scope::Read, Scope::Report], Some(lead)),
    ];
    for badge in &coarse {
        let shown = served.get(badge, still).await;
        assert_eq!((shown.status, shown.picture.as_str()), (StatusCode::OK, "coarse"));
        assert!(contrast(&shown.bytes) < 12, "stripes of 4 pixels cannot be told apart");
        assert_eq!(served.get(badge, &clip).await.status, StatusCode::FORBIDDEN);
    }
    assert!(served.get(&admin, "/v1/access").await.json()["items"].as_array().unwrap().is_empty());
    let original = [
        served.person("li", Role::Analyst, None),
        served.person("wang", Role::Duty, None),
        served.machine("court", &[Scope::Read, Scope::Originals], None),
    ];
    for badge in &original {
        let shown = served.get(badge, still).await;
        assert_eq!((shown.status, shown.picture.as_str()), (StatusCode::OK, "original"));
        assert!(contrast(&shown.bytes) > 200);
        assert_eq!(served.get(badge, &clip).await.status, StatusCode::OK);
    }
    let seen = served.get(&admin, "/v1/access").await.json()["items"].clone();
    let who: Vec<&str> = seen.as_array().unwrap().iter().map(|one| one["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["li", "li", "wang", "wang", "court", "court"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_a_case_past_its_retention_and_ends_with_a_release() {
    let (served, _) = city(3).await;
    let duty = served.person("duty", Role::Duty, None);
    let li = served.person("li", Role::Analyst, None);
    let closed = reject_all(&served).await;
    let held = closed[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/incidents/{held}/hold");
    let why = |reason: &str| Some(json!({"reason": reason}));
    assert_eq!(served.call(&li, Method::PUT, &path, why("mine")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        served.call(&duty, Method::PUT, &path, why(" ")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(served.call(&duty, Method::PUT, &path, why("court 12/2026")).await.status, StatusCode::OK);
    let listed = served.get(&duty, "/v1/holds").await.json();
    assert_eq!(
        (listed[0]["incident"].as_str(), listed[0]["reason"].as_str()),
        (Some(held.as_str()), Some("court 12/2026"))
    );
    assert_eq!(listed[0]["title_zh"], closed[0]["task"]["title_zh"]);
    assert_eq!(listed[0]["put_away"], false);
    let app = served.app.clone();
    let tidy = move |days: i64| {
        keeping().tidy(&app, server::clock::now() + DAY * i32::try_from(days).unwrap()).unwrap();
    };
    tokio::task::block_in_place(|| tidy(4_000));
    let ids = |cases: Vec<serde_json::Value>| {
        cases.iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let left = ids(served.cases(&duty, "/v1/queue?state=all").await);
    assert!(left.contains(&held), "{left:?}");
    for gone in &closed[1..] {
        assert!(!left.contains(&gone["id"].as_str().unwrap().to_owned()));
    }
    let released =
        served.call(&duty, Method::POST, &format!("/v1/incidents/{held}/release"), why("over")).await;
    assert_eq!(released.status, StatusCode::OK);
    assert!(served.get(&duty, "/v1/holds").await.json().as_array().unwrap().is_empty());
    let lifted = served.get(&duty, "/v1/holds?lifted=true").await.json();
    assert_eq!(
        (lifted[0]["lifted"]["actor"].as_str(), lifted[0]["lifted"]["reason"].as_str()),
        (Some("duty"), Some("over"))
    );
    tokio::task::block_in_place(|| tidy(4_000));
    assert!(!ids(served.cases(&duty, "/v1/queue?state=all").await).contains(&held));
    assert_eq!(served.call(&duty, Method::PUT, &path, why("court 13/2026")).await.status, StatusCode::OK);
    let late = served.get(&duty, "/v1/holds").await.json();
    assert_eq!(late[0]["put_away"], true, "what was put away can be held for its pictures");
    assert_eq!(late[0]["title_en"], closed[0]["task"]["title_en"]);
    let verdict = look(served.folder.path(), None);
    assert!(verdict.findings.is_empty(), "{verdict:?}");
}

#[test]
fn evidence_stops_at_its_budget_and_at_the_reserve_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = |entry: EvidenceEntry| Rooms::new(folder.path(), &entry);
    let kept = |rooms: &Rooms, fill: u8| {
        let shelf = Shelf { folder: folder.path(), rooms: Some(rooms) };
        keep(shelf, EvidenceKind::Context, "jpg", &vec![fill; 700_000])
    };
    let rooms = shelf(EvidenceEntry { budget_mib: Some(1), reserve_mib: 1, ..EvidenceEntry::default() });
    kept(&rooms, 1).unwrap();
    assert!(matches!(kept(&rooms, 2), Err(EvidenceError::NoRoom { .. })));
    kept(&rooms, 1).unwrap();
    let rooms = shelf(EvidenceEntry { reserve_mib: u64::MAX >> 21, ..EvidenceEntry::default() });
    assert!(matches!(kept(&rooms, 3), Err(EvidenceError::NoRoom { .. })));
    assert!(rooms.now().wanted > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_put_away_is_dropped_and_never_while_a_backup_is_taken() {
    let (served, file) = city(2).await;
    let evidence = served.folder.path().join("evidence");
    let may = || served.app.stores.with(|store| droppable(store, &evidence)).unwrap();
    assert!(may().is_empty(), "both cases share the file, and one is open");
    reject_all(&served).await;
    let app = served.app.clone();
    tokio::task::block_in_place(|| keeping().tidy(&app, server::clock::now() + DAY * 4_000).unwrap());
    let files: Vec<String> = may().into_iter().map(|one| one.file).collect();
    assert_eq!(files, ["still.jpg"], "the other case still holds the other file");
    let backup = Undisturbed::begin(&evidence).unwrap();
    assert!(Undisturbed::try_alone(&evidence).is_none());
    drop(backup);
    assert!(Undisturbed::try_alone(&evidence).is_some());
    assert!(evidence.join(file).is_file());
}
