//! Answers in JSON or XML, as the end of a path asks for, errors included.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::serve::api::problem::Problem;
use crate::serve::xml::Xml;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

impl Format {
    /// Splits the name of a resource from its end, `.json` or `.xml`.
    pub fn of(name: &str) -> Result<(&str, Self), Refusal> {
        if let Some(stem) = name.strip_suffix(".json") {
            return Ok((stem, Self::Json));
        }
        if let Some(stem) = name.strip_suffix(".xml") {
            return Ok((stem, Self::Xml));
        }
        let text = format!("{name:?} ends with neither .json nor .xml");
        Err(Refusal { status: StatusCode::NOT_FOUND, text, format: Self::Json })
    }

    /// Writes an answer; `root` is the outermost element of XML.
    pub fn answer(self, root: &str, body: &Value) -> Response {
        match self {
            Self::Json => ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string())
                .into_response(),
            Self::Xml => {
                ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml(root, body)).into_response()
            }
        }
    }

    /// An answer that says no.
    pub fn refuse(self, status: StatusCode, text: impl std::fmt::Display) -> Refusal {
        Refusal { status, text: text.to_string(), format: self }
    }
}

fn xml(root: &str, body: &Value) -> String {
    let mut xml = Xml::new(root, &[]);
    match body {
        // A list of requests is named `service_requests`, and each of them `request`.
        Value::Array(items) => {
            let one = if root == "service_requests" { "request" } else { root.trim_end_matches('s') };
            for item in items {
                xml.value(one, item);
            }
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| xml.value(name, value)),
        _ => {}
    }
    xml.finish()
}

/// Why a request is refused, in the words of the standard.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Status.
    pub status: StatusCode,
    /// What, where and which value.
    pub text: String,
    /// How to write it.
    pub format: Format,
}

impl Refusal {
    /// The same out of a problem of the interface; who is not known is forbidden, as the standard has it.
    pub fn of(problem: &Problem, format: Format) -> Self {
        let status = match problem.status {
            401 => StatusCode::FORBIDDEN,
            other => StatusCode::from_u16(other).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        format.refuse(status, &problem.detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!([{"code": self.status.as_u16(), "description": self.text}]);
        (self.status, self.format.answer("errors", &body)).into_response()
    }
}
