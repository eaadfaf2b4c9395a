//! The words: a request for the status of a head, and what the answer says.
//!
//! # References
//! ONVIF PTZ Service Specification and its WSDL (`http://www.onvif.org/ver20/ptz/wsdl`), `GetStatus`; ONVIF Core Specification, common
//! types `PTZStatus`, `PTZVector`, `PTZMoveStatus`; OASIS Web Services Security UsernameToken Profile 1.1, section 3.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gis::camera::PanTilt;
use jiff::Timestamp;
use pipeline::ptz::PtzReport;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use sha1::{Digest, Sha1};

/// End of the name of the space whose numbers are degrees.
const DEGREES: &str = "SphericalPositionSpaceDegrees";
/// End of the names of the spaces from -1 to 1.
const GENERIC: &str = "PositionGenericSpace";

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// Where the head stands, and whether it moves.
    pub report: PtzReport,
    /// The camera's own clock, where it tells it.
    pub time: Option<Timestamp>,
}

/// Why an answer tells no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not XML.
    #[error("the answer is no XML: {0}")]
    Xml(String),
    /// The camera refused.
    #[error("the camera refuses: {0}")]
    Fault(String),
    /// The answer lacks something.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// A number is none, or in a space that is not known.
    #[error("{name} of the answer is {value:?}, which is not known")]
    Value {
        /// Element and attribute.
        name: &'static str,
        /// Its text.
        value: String,
    },
}

/// Returns the request for the status of a media profile.
pub fn status_request(profile: &str, user: Option<(&str, &str)>, nonce: [u8; 16], now: Timestamp) -> String {
    let header = user.map_or_else(String::new, |(name, password)| security(name, password, nonce, now));
    let profile = quick_xml::escape::escape(profile);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">{header}\
         <s:Body><GetStatus xmlns=\"http://www.onvif.org/ver20/ptz/wsdl\">\
         <ProfileToken>{profile}</ProfileToken></GetStatus></s:Body></s:Envelope>"
    )
}

fn security(name: &str, password: &str, nonce: [u8; 16], now: Timestamp) -> String {
    const WSS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
    let created = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let digest = password_digest(&nonce, &created, password);
    let (name, nonce) = (quick_xml::escape::escape(name), STANDARD.encode(nonce));
    format!(
        "<s:Header><wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"{WSS}-wssecurity-secext-1.0.xsd\" \
         xmlns:wsu=\"{WSS}-wssecurity-utility-1.0.xsd\"><wsse:UsernameToken><wsse:Username>{name}</wsse:Username>\
         <wsse:Password Type=\"{WSS}-username-token-profile-1.0#PasswordDigest\">{digest}</wsse:Password>\
         <wsse:Nonce EncodingType=\"{WSS}-soap-message-security-1.0#Base64Binary\">{nonce}</wsse:Nonce>\
         <wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security></s:Header>"
    )
}

/// Returns the digest of a password: Base64(SHA-1(nonce + created + password)).
pub fn password_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let hash = Sha1::new().chain_update(nonce).chain_update(created).chain_update(password).finalize();
    STANDARD.encode(hash)
}

/// What is found of an answer on the way through it.
#[derive(Default)]
struct Found {
    path: Vec<String>,
    pan_tilt: Option<PanTilt>,
    zoom: Option<f64>,
    moving: bool,
    time: Option<Timestamp>,
    status: bool,
    fault: Option<String>,
}

/// Returns what an answer says.
///
/// # Errors
/// When it is no XML, a fault, or tells no usable position.
pub fn read_status(text: &str) -> Result<Status, ParseError> {
    let mut reader = Reader::from_str(text);
    let mut found = Found::default();
    loop {
        match reader.read_event().map_err(|error| ParseError::Xml(error.to_string()))? {
            Event::Start(start) => {
                found.path.push(local_name(&start));
                found.element(&start)?;
            }
            Event::Empty(start) => {
                found.path.push(local_name(&start));
                found.element(&start)?;
                found.path.pop();
            }
            Event::Text(words) => {
                found.words(words.into_inner().trim());
            }
            Event::End(_) => {
                found.path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found.status()
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

impl Found {
    fn ends_with(&self, names: &[&str]) -> bool {
        self.path.len() >= names.len() && self.path.iter().rev().zip(names.iter().rev()).all(|(a, b)| a == b)
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<(), ParseError> {
        self.status |= self.ends_with(&["PTZStatus"]);
        if self.ends_with(&["Position", "PanTilt"]) {
            let (x, y) = (number(start, "x", "PanTilt x")?, number(start, "y", "PanTilt y")?);
            let space = attribute(start, "space");
            self.pan_tilt = Some(match space.as_deref() {
                None => PanTilt::Normalised { pan: x, tilt: y },
                Some(space) if space.ends_with(GENERIC) => PanTilt::Normalised { pan: x, tilt: y },
                Some(space) if space.ends_with(DEGREES) => PanTilt::Degrees { pan_deg: x, tilt_deg: y },
                Some(space) => {
                    return Err(ParseError::Value { name: "PanTilt space", value: space.to_owned() });
                }
            });
        } else if self.ends_with(&["Position", "Zoom"]) {
            self.zoom = Some(number(start, "x", "Zoom x")?);
        }
        Ok(())
    }

    fn words(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if self.ends_with(&["MoveStatus", "PanTilt"]) || self.ends_with(&["MoveStatus", "Zoom"]) {
            // "UNKNOWN" is what cameras say that do not know; they report positions all the same.
            self.moving |= words.eq_ignore_ascii_case("MOVING");
        } else if self.ends_with(&["UtcTime"]) {
            self.time = words.parse().ok();
        } else if self.ends_with(&["Reason", "Text"])
            || self.ends_with(&["faultstring"])
            || (self.fault.is_none() && self.ends_with(&["Subcode", "Value"]))
        {
            self.fault = Some(words.to_owned());
        }
    }

    fn status(self) -> Result<Status, ParseError> {
        if let Some(fault) = self.fault {
            return Err(ParseError::Fault(fault));
        }
        if !self.status {
            return Err(ParseError::Missing("PTZStatus"));
        }
        let pan_tilt = self.pan_tilt.ok_or(ParseError::Missing("Position of PanTilt"))?;
        let report = PtzReport { pan_tilt, zoom: self.zoom, moving: self.moving };
        Ok(Status { report, time: self.time })
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

fn number(start: &BytesStart<'_>, key: &str, name: &'static str) -> Result<f64, ParseError> {
    let text = attribute(start, key).ok_or(ParseError::Missing(name))?;
    let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or(ParseError::Value { name, value: text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as the WSDL and the common types have it.
    const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
  xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"><SOAP-ENV:Body>
  <tptz:GetStatusResponse><tptz:PTZStatus>
    <tt:Position>
      <tt:PanTilt x="0.25" y="-0.5" space="http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"/>
      <tt:Zoom x="0.125" space="http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"/>
    </tt:Position>
    <tt:MoveStatus><tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom></tt:MoveStatus>
    <tt:UtcTime>2026-06-20T07:30:00Z</tt:UtcTime>
  </tptz:PTZStatus></tptz:GetStatusResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"#;

    #[test]
    fn an_answer_gives_position_zoom_and_clock() {
        let found = read_status(ANSWER).unwrap();
        let pan_tilt = PanTilt::Normalised { pan: 0.25, tilt: -0.5 };
        assert_eq!(found.report, PtzReport { pan_tilt, zoom: Some(0.125), moving: false });
        assert_eq!(found.time.unwrap().to_string(), "2026-06-20T07:30:00Z");
    }

    #[test]
    fn degrees_and_moves_are_understood_and_other_spaces_are_refused() {
        let degrees = ANSWER
            .replace("PanTiltSpaces/PositionGenericSpace", "PanTiltSpaces/SphericalPositionSpaceDegrees");
        let expected = PanTilt::Degrees { pan_deg: 0.25, tilt_deg: -0.5 };
        assert_eq!(read_status(&degrees).unwrap().report.pan_tilt, expected);
        let moving = ANSWER.replace("<tt:Zoom>IDLE", "<tt:Zoom>MOVING");
        assert!(read_status(&moving).unwrap().report.moving);
        let other = ANSWER.replace("PanTiltSpaces/PositionGenericSpace", "PanTiltSpaces/FieldOfView");
        assert!(matches!(read_status(&other), Err(ParseError::Value { name: "PanTilt space", .. })));
    }

    #[test]
    fn faults_gaps_and_broken_answers_are_told() {
        let fault = "<E><Body><Fault><Code><Subcode><Value>ter:NotAuthorized</Value></Subcode></Code>\
                     <Reason><Text>Sender not authorized</Text></Reason></Fault></Body></E>";
        assert_eq!(read_status(fault), Err(ParseError::Fault("Sender not authorized".into())));
        assert_eq!(read_status("<html></html>"), Err(ParseError::Missing("PTZStatus")));
        let no_place = ANSWER.replace("tt:Position>", "tt:Elsewhere>");
        assert_eq!(read_status(&no_place), Err(ParseError::Missing("Position of PanTilt")));
        let wrong = ANSWER.replace("x=\"0.25\"", "x=\"left\"");
        assert!(matches!(read_status(&wrong), Err(ParseError::Value { name: "PanTilt x", .. })));
        assert!(matches!(read_status("<a><b></a>"), Err(ParseError::Xml(_))));
    }

    /// The example of the ONVIF Application Programmer's Guide 1.0, section 6.1.1.3.
    #[test]
    fn the_digest_is_that_of_the_programmers_guide() {
        let nonce = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let digest = password_digest(&nonce, "2010-09-16T07:50:45Z", "userpassword");
        assert_eq!(digest, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
    }

    #[test]
    fn a_request_names_the_profile_and_escapes_it() {
        let now = "2026-06-20T07:30:00.5Z".parse().unwrap();
        let text = status_request("a<b", Some(("admin", "secret")), [7; 16], now);
        assert!(text.contains("<ProfileToken>a&lt;b</ProfileToken>") && !text.contains("secret"), "{text}");
        assert!(text.contains("<wsu:Created>2026-06-20T07:30:00Z</wsu:Created>"), "{text}");
        assert!(!status_request("a", None, [7; 16], now).contains("Security"));
    }
}
