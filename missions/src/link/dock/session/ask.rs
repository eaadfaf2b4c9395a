//! What docks ask: whose they are, and where the plan is.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Session;
use crate::link::Words;
use crate::link::dock::body::{self, Body};
use crate::link::dock::message::{Message, Outgoing};
use crate::link::dock::topic::{Channel, is_serial};

/// What is answered to a wrong code or a strange device. No document lists one for it.
const REFUSED: i64 = 1;
/// Time server of docks without another.
const NTP_PORT: u16 = 123;

impl Session {
    pub(super) fn answer(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        let data = match body::read(message.method.as_deref(), &message.data) {
            Ok(Body::BindStatus(asked)) => self.bind_status(&asked),
            Ok(Body::OrganizationGet(asked)) => {
                let fits = self.is_ours(&asked.organization_id, &asked.device_binding_code);
                if fits {
                    json!({"result": 0, "output": {"organization_name": self.dock.organization.name}})
                } else {
                    self.wrong_code(now)
                }
            }
            Ok(Body::OrganizationBind(asked)) => self.bind(&asked, now),
            Ok(Body::ResourceGet(asked)) if asked.flight_id == self.flight.id.to_string() => {
                json!({"result": 0, "output": {"file": self.flight.file}})
            }
            Ok(Body::Config) => self.config(),
            _ => json!({"result": REFUSED}),
        };
        let reply = self.reply(message, data, now);
        vec![self.outgoing(Channel::RequestsReply, reply)]
    }

    fn is_ours(&self, organization: &str, code: &str) -> bool {
        let ours = &self.dock.organization;
        !ours.binding_code.is_empty() && organization == ours.id && code == ours.binding_code
    }

    fn knows(&self, serial: &str) -> bool {
        serial == self.dock.gateway || self.dock.aircraft.as_deref() == Some(serial)
    }

    fn bind_status(&self, asked: &body::BindStatus) -> Value {
        let ours = &self.dock.organization;
        let of = |device: &body::Device| {
            let known = self.knows(&device.sn);
            json!({
                "sn": device.sn,
                "is_device_bind_organization": known,
                "organization_id": if known { ours.id.as_str() } else { "" },
                "organization_name": if known { ours.name.as_str() } else { "" },
                "device_callsign": if known { device.sn.as_str() } else { "" },
            })
        };
        json!({"result": 0, "output": {"bind_status": asked.devices.iter().take(8).map(of).collect::<Vec<_>>()}})
    }

    fn bind(&mut self, asked: &body::OrganizationBind, now: Timestamp) -> Value {
        let mut failed = Vec::new();
        for device in asked.bind_devices.iter().take(8) {
            let fits =
                self.is_ours(&device.organization_id, &device.device_binding_code) && is_serial(&device.sn);
            if !fits {
                failed.push(json!({"sn": device.sn, "err_code": REFUSED}));
            } else if device.sn != self.dock.gateway {
                self.dock.aircraft.get_or_insert_with(|| device.sn.clone());
            }
        }
        if failed.is_empty() {
            return json!({"result": 0, "output": {"err_infos": []}});
        }
        let mut refused = self.wrong_code(now);
        refused["output"] = json!({"err_infos": failed});
        refused
    }

    fn wrong_code(&mut self, now: Timestamp) -> Value {
        let zh = "机场给出的组织 ID 或绑定码不符,未绑定;请在机场上重新输入";
        let en = "the dock gave another organisation or binding code than ours and is not bound: type them in again at the dock";
        self.note_once("binding code", Words::new(zh, en), now);
        json!({"result": REFUSED})
    }

    fn config(&self) -> Value {
        self.dock.licence.as_ref().map_or_else(
            || json!({"result": REFUSED}),
            |licence| {
                json!({
                    "app_id": licence.app_id,
                    "app_key": licence.app_key,
                    "app_license": licence.app_license,
                    "ntp_server_host": licence.ntp_host,
                    "ntp_server_port": NTP_PORT,
                })
            },
        )
    }

    /// The dock is there, with or without its aircraft.
    pub(super) fn came_or_went(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        if let Ok(Body::Topology(topology)) = body::read(message.method.as_deref(), &message.data)
            && let Some(device) = topology.sub_devices.first().filter(|device| is_serial(&device.sn))
        {
            self.dock.aircraft.get_or_insert_with(|| device.sn.clone());
        }
        let reply = Message {
            tid: message.tid.clone(),
            bid: message.bid.clone(),
            timestamp: Some(now.as_millisecond()),
            method: Some("update_topo".to_owned()),
            gateway: None,
            need_reply: None,
            data: json!({"result": 0}),
        };
        vec![self.outgoing(Channel::StatusReply, reply)]
    }
}
