//! Before the start: the vehicle is heard, gates are looked at, and the plan goes on board.

use std::time::Duration;

use mavlink::dialects::common::{COMMAND_LONG_DATA, MavCmd, MavMessage, MavMissionType};

use super::{BEAT, Flight, Job, LISTEN, Step};
use crate::link::gates::{Ready, gates};
use crate::link::launch::{Fault, State, Words};
use crate::link::mavlink::Peer;
use crate::link::mavlink::autopilot::{Autopilot, Setting};
use crate::link::mavlink::command::{Ask, Question};
use crate::link::mavlink::item::Mission;
use crate::link::mavlink::track::Track;
use crate::link::mavlink::upload::Upload;

/// How often data that gates ask for is asked for.
const ASK_DATA: Duration = Duration::from_secs(2);
/// Messages that are asked for, with their periods in microseconds.
const DATA: [(f32, f32); 5] = [(1.0, 1e6), (24.0, 1e6), (33.0, 5e5), (42.0, 1e6), (245.0, 1e6)];

impl Flight {
    pub(super) fn listen(&mut self, now: Duration, began: Duration) {
        let waited = now.saturating_sub(began) >= LISTEN;
        if self.vehicle.heard.is_none() {
            if waited {
                let secs = LISTEN.as_secs();
                let fault = Fault::new(
                    Words::new(
                        format!("{secs} 秒内未收到飞机的心跳"),
                        format!("no heartbeat within {secs} s"),
                    ),
                    Words::new(
                        "请检查地址、端口和飞机电源",
                        "check the address, the port and the aircraft's power",
                    ),
                );
                self.enter(State::Failed { fault });
            }
            return;
        }
        if now >= self.next_data {
            self.next_data = now + ASK_DATA;
            self.ask_data();
        }
        // Another station is heard within two of its heartbeats.
        let settled = now.saturating_sub(began) >= 2 * BEAT;
        if self.job.is_none() && ((self.vehicle.is_known() && settled) || waited) {
            self.look_at_gates();
        }
    }

    fn ask_data(&mut self) {
        let Some(Peer { system: target_system, component: target_component }) = self.vehicle.peer else {
            return;
        };
        self.out.extend(DATA.map(|(param1, param2)| {
            MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
                param1,
                param2,
                command: MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL,
                target_system,
                target_component,
                ..COMMAND_LONG_DATA::default()
            })
        }));
    }

    fn look_at_gates(&mut self) {
        let station = self.vehicle.other_station.map(|id| format!("ground station 地面站 {id}"));
        let armed = self.vehicle.armed.then(|| "someone: its motors are armed 他人:电机已解锁".to_owned());
        let airframe = self.settings.unfit.clone().map(|words| (words, false));
        let ready = Ready {
            problems: &self.settings.problems,
            battery_percent: self.vehicle.battery_percent,
            satellites: self.vehicle.satellites,
            at: self.vehicle.at,
            wind: self.settings.wind,
            airframe: airframe.or_else(|| self.vehicle.airframe()),
            other_pilot: self.settings.other_pilot.clone().or(station).or(armed),
            ill: self.vehicle.ill(),
        };
        self.gates = gates(&self.plan, &ready);
        let shut = self.gates.iter().find_map(|gate| gate.fault.clone());
        match shut.map_or_else(|| self.prepare(), Err) {
            Ok(job) => {
                self.job = Some(job);
                self.enter(State::Uploading { done: 0, total: self.track.items() });
            }
            Err(fault) => self.enter(State::Failed { fault }),
        }
    }

    fn prepare(&mut self) -> Result<Job, Fault> {
        let (Some(to), Some(autopilot)) = (self.vehicle.peer, self.vehicle.autopilot) else {
            let what = Words::new("飞机未应答", "the vehicle does not answer");
            return Err(Fault::new(what, Words::new("请检查链路", "check the link")));
        };
        let mission = Mission::of(&self.plan, autopilot.home_first())?;
        self.track = Track::new(&self.plan, autopilot.home_first());
        let settings = self.lost_link_settings(autopilot);
        let set = |setting| Step::Ask(Ask::new(Question::Set(setting, autopilot), to));
        let mut steps: Vec<Step> = settings.into_iter().map(set).collect();
        let others = [
            (MavMissionType::MAV_MISSION_TYPE_FENCE, self.settings.fence.clone()),
            (MavMissionType::MAV_MISSION_TYPE_RALLY, self.settings.rally.clone()),
        ];
        for (kind, items) in others.into_iter().filter(|(_, items)| !items.is_empty()) {
            steps.push(Step::Send(Upload::new(self.settings.us, to, kind, items)));
        }
        steps.extend(self.list_steps(to, MavMissionType::MAV_MISSION_TYPE_MISSION, mission.items));
        Ok(Job { order: None, steps: steps.into(), change: None })
    }

    fn lost_link_settings(&mut self, autopilot: Autopilot) -> Vec<Setting> {
        let found = autopilot.on_lost_link(self.plan.lost_link);
        if found.is_empty() {
            self.note(Words::new(
                "该飞控无法由航线设定失联动作,以飞控自身设置为准",
                "what this autopilot does on a lost link cannot be set here; its own setting holds",
            ));
        }
        found
    }
}
