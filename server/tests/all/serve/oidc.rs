//! Signing in by a provider of OpenID Connect that was not written here, from the page and back, by an HTTP client.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use server::config::ServeEntry;
use server::serve::door;
use ureq::Agent;
use ureq::http::Response;

use super::outside::{outside, python};
use super::{Served, sample_city, served};

/// A provider, ended with the test.
struct Provider {
    child: Child,
    address: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Provider {
    fn start() -> Option<Self> {
        let mut child = python(&outside()?, "oidc_provider.py")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { child, address: address.trim().to_owned() })
    }
}

/// A browser without a face: it follows no redirect by itself and keeps what cookies it is told to.
struct Browser {
    agent: Agent,
    base: String,
}

/// An attempt on its way: the cookie of the browser, and where it was sent.
struct Attempt {
    cookie: String,
    at_provider: String,
}

fn header(answer: &Response<ureq::Body>, name: &str) -> String {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.expect("the address has the parameter").to_owned()
}

impl Browser {
    fn get(&self, url: &str, cookie: &str) -> Response<ureq::Body> {
        self.agent.get(url).header("cookie", cookie).call().unwrap()
    }

    /// Presses the button of the page.
    fn begin(&self) -> Attempt {
        let answer = self.get(&format!("{}/v1/sign-in/oidc", self.base), "");
        assert_eq!(answer.status(), 303);
        let set = header(&answer, "set-cookie");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        Attempt { cookie, at_provider: header(&answer, "location") }
    }

    /// Signs in at the provider; returns where it sends the browser back to.
    fn as_person(&self, attempt: &Attempt, form: &[(&str, &str)]) -> String {
        let answer = self.agent.post(&attempt.at_provider).send_form(form.iter().copied()).unwrap();
        assert_eq!(answer.status(), 302);
        header(&answer, "location")
    }

    /// Comes back; returns where to, and the cookie of the session if there is one.
    fn back(&self, url: &str, cookie: &str) -> (String, Option<String>) {
        let answer = self.get(url, cookie);
        assert_eq!(answer.status(), 303);
        let mut cookies = answer.headers().get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
        let session = cookies.find(|one| one.starts_with("flyonce_session="));
        let session = session.map(|one| one.split(';').next().unwrap().to_owned());
        (header(&answer, "location"), session)
    }

    fn sign_in(&self, form: &[(&str, &str)]) -> (String, Option<String>) {
        let attempt = self.begin();
        self.back(&self.as_person(&attempt, form), &attempt.cookie)
    }

    fn who(&self, session: &str) -> Value {
        let mut answer = self.get(&format!("{}/v1/session", self.base), session);
        assert_eq!(answer.status(), 200);
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }
}

/// A server with a provider that knows three people.
async fn city() -> Option<(Arc<Served>, Provider, Browser)> {
    let provider = tokio::task::spawn_blocking(Provider::start).await.unwrap()?;
    let served = Arc::new(served(1));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let secret = served.folder.path().join("oidc.secret");
    std::fs::write(&secret, "of the client\n").unwrap();
    let entry: ServeEntry = toml::from_str(&format!(
        "public_url = \"{base}\"\n[oidc]\nissuer = \"{}\"\nclient_id = \"flyonce\"\nclient_secret_file = \"{}\"\n\
         label_en = \"City account\"\n\
         roles = [{{ group = \"flood-desk\", role = \"duty\" }}, \
         {{ group = \"drains\", role = \"department\", department = \"municipal_drainage\" }}]",
        provider.address,
        secret.display()
    ))
    .unwrap();
    assert!(entry.unusable().is_empty(), "{:?}", entry.unusable());
    served.app.door.apply(entry).unwrap();
    let service = served.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
    let agent: Agent = config.into();
    let people = [
        ("1", json!({"preferred_username": "li", "groups": ["staff", "flood-desk"]})),
        ("2", json!({"preferred_username": "wu", "groups": ["drains"]})),
        ("3", json!({"preferred_username": "eve", "groups": ["guests"]})),
    ];
    let address = provider.address.clone();
    let known = agent.clone();
    let noting = tokio::task::spawn_blocking(move || {
        for (sub, claims) in people {
            let request = known.put(format!("{address}/users/{sub}")).content_type("application/json");
            let noted = request.send(claims.to_string()).unwrap();
            assert_eq!(noted.status(), 204);
        }
    });
    noting.await.unwrap();
    Some((served, provider, Browser { agent, base }))
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_by_the_provider_with_the_role_of_their_group() {
    let Some((served, _provider, browser)) = city().await else { return };
    let ways = served.get(&super::Badge::default(), "/v1/sign-in").await.json();
    assert_eq!(ways["oidc"], json!({"label_zh": null, "label_en": "City account"}));
    let signing_in = tokio::task::spawn_blocking(move || {
        let attempt = browser.begin();
        assert_eq!(parameter(&attempt.at_provider, "code_challenge_method"), "S256");
        assert_eq!(parameter(&attempt.at_provider, "scope"), "openid+profile");
        let (to, session) = browser.back(&browser.as_person(&attempt, &[("sub", "1")]), &attempt.cookie);
        assert_eq!(to, "/");
        let li = browser.who(&session.unwrap());
        assert_eq!((li["name"].as_str(), li["role"].as_str()), (Some("li"), Some("duty")));
        assert!(li["csrf"].is_string());
        let (_, session) = browser.sign_in(&[("sub", "2")]);
        let wu = browser.who(&session.unwrap());
        assert_eq!(
            (wu["role"].as_str(), wu["department"].as_str()),
            (Some("department"), Some("municipal_drainage"))
        );
    });
    signing_in.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_role_or_was_not_let_in_gets_no_session_and_a_word_for_it() {
    let Some((_served, _provider, browser)) = city().await else { return };
    let signing_in = tokio::task::spawn_blocking(move || {
        assert_eq!(browser.sign_in(&[("sub", "3")]), ("/?sign_in=no_role".to_owned(), None));
        assert_eq!(browser.sign_in(&[("action", "deny")]), ("/?sign_in=denied".to_owned(), None));
    });
    signing_in.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_stolen_repeated_or_swapped_is_worth_nothing() {
    let Some((_served, _provider, browser)) = city().await else { return };
    let signing_in = tokio::task::spawn_blocking(move || {
        let late = ("/?sign_in=late".to_owned(), None);
        let mine = browser.begin();
        let back = browser.as_person(&mine, &[("sub", "1")]);
        assert_eq!(browser.back(&back, "flyonce_attempt=00"), late, "in another browser");
        assert_eq!(browser.back(&back, ""), late);
        assert!(browser.back(&back, &mine.cookie).1.is_some());
        assert_eq!(browser.back(&back, &mine.cookie), late, "a second time");
        // Somebody's code with my state: the provider holds it to the verifier of the attempt that it was given to.
        let (mine, other) = (browser.begin(), browser.begin());
        let (my_back, other_back) =
            (browser.as_person(&mine, &[("sub", "3")]), browser.as_person(&other, &[("sub", "1")]));
        let swapped = my_back.replace(&parameter(&my_back, "code"), &parameter(&other_back, "code"));
        assert_eq!(browser.back(&swapped, &mine.cookie), ("/?sign_in=failed".to_owned(), None));
    });
    signing_in.await.unwrap();
}

#[tokio::test]
async fn without_a_provider_there_is_no_button_and_no_way() {
    let served = served(1);
    let nobody = super::Badge::default();
    assert_eq!(served.get(&nobody, "/v1/sign-in").await.json(), json!({"password": true, "oidc": null}));
    for path in ["/v1/sign-in/oidc", "/v1/sign-in/oidc/return?state=1&code=2"] {
        assert_eq!(served.get(&nobody, path).await.status, 404, "{path}");
    }
}

#[test]
fn what_a_configuration_names_is_looked_at_before_the_server_starts() {
    let entry: ServeEntry = toml::from_str(
        "public_url = \"https://c.example\"\n[tls]\ncertificate = \"/no/cert.pem\"\nkey = \"/no/key.pem\"\n\
         [oidc]\nissuer = \"https://id.example\"\nclient_id = \"f\"\nclient_secret_file = \"/no/secret\"\n\
         roles = [{ group = \"g\", role = \"department\", department = \"nobody\" }]",
    )
    .unwrap();
    let told = door::problems(&entry, &sample_city().1.departments);
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    let begins = [
        "serve.tls: cannot use /no/cert.pem",
        "serve.oidc: cannot use /no/secret",
        "serve.oidc.roles: there is no",
    ];
    assert!(told.iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{told:?}");
}
