//! Things asked of a vehicle that it answers: commands, parameters, and which item is current.

#![expect(deprecated, reason = "every vehicle knows this message, few the command that replaces it")]

use std::time::Duration;

use mavlink::dialects::common::{
    COMMAND_LONG_DATA, MISSION_CLEAR_ALL_DATA, MISSION_SET_CURRENT_DATA, MavCmd, MavMessage,
    MavMissionResult, MavMissionType, MavParamType, MavResult, PARAM_SET_DATA,
};

use super::autopilot::{Autopilot, Setting};
use super::words::{command_fault, mission_fault, silence};
use super::{BUDGET, Peer};
use crate::link::launch::{Fault, Words};

/// How long an answer may take before the question is sent again.
const WAIT: Duration = Duration::from_secs(1);
/// The same once the vehicle said that it is at it.
const WAIT_AT_IT: Duration = Duration::from_secs(10);

/// A command with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What.
    pub command: MavCmd,
    /// Parameters 1 to 7.
    pub params: [f32; 7],
    /// It in words, as in "did not ...".
    pub words: Words,
}

impl Call {
    /// Returns a command; parameters that are not given are zero.
    pub fn new(command: MavCmd, given: &[f32], words: Words) -> Self {
        let mut params = [0.0; 7];
        params[..given.len()].copy_from_slice(given);
        Self { command, params, words }
    }
}

/// Something asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A command, answered by COMMAND_ACK.
    Command(Call),
    /// A parameter to set, answered by PARAM_VALUE.
    Set(Setting, Autopilot),
    /// The item to fly next, answered by MISSION_CURRENT.
    Current(u16),
    /// The mission to be taken away, answered by MISSION_ACK.
    Clear,
}

/// A question under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    question: Question,
    to: Peer,
    tries: u32,
    next: Duration,
}

impl Ask {
    /// Returns a question that is sent at the next tick.
    pub fn new(question: Question, to: Peer) -> Self {
        Self { question, to, tries: 0, next: Duration::ZERO }
    }

    /// Tells whether it sets a parameter.
    pub fn is_setting(&self) -> bool {
        matches!(self.question, Question::Set(..))
    }

    /// Sends, or sends again, when it is time; an error when all tries are used.
    pub fn tick(&mut self, now: Duration, out: &mut Vec<MavMessage>) -> Option<Fault> {
        if now < self.next {
            return None;
        }
        if self.tries >= BUDGET {
            return Some(silence(&self.words(), self.tries));
        }
        out.push(self.message());
        self.tries += 1;
        self.next = now + WAIT;
        None
    }

    /// Takes a message; the answer when it is one.
    pub fn hear(&mut self, message: &MavMessage, now: Duration) -> Option<Result<(), Fault>> {
        match (&self.question, message) {
            (Question::Command(call), MavMessage::COMMAND_ACK(ack)) if ack.command == call.command => {
                if ack.result == MavResult::MAV_RESULT_IN_PROGRESS {
                    self.next = now + WAIT_AT_IT;
                    return None;
                }
                Some(command_fault(ack.result, &call.words).map_or(Ok(()), Err))
            }
            (Question::Set(setting, autopilot), MavMessage::PARAM_VALUE(value)) => {
                if value.param_id.to_str() != Ok(setting.name) {
                    return None;
                }
                let kept = number(value.param_value, value.param_type, *autopilot);
                (kept == setting.value).then_some(Ok(()))
            }
            (Question::Current(seq), MavMessage::MISSION_CURRENT(current)) => {
                (self.tries > 0 && current.seq == *seq).then_some(Ok(()))
            }
            (Question::Clear, MavMessage::MISSION_ACK(ack))
                if ack.mission_type == MavMissionType::MAV_MISSION_TYPE_MISSION =>
            {
                let taken = ack.mavtype == MavMissionResult::MAV_MISSION_ACCEPTED;
                Some(if taken { Ok(()) } else { Err(mission_fault(ack.mavtype, None)) })
            }
            _ => None,
        }
    }

    fn words(&self) -> Words {
        match &self.question {
            Question::Command(call) => call.words.clone(),
            Question::Set(setting, _) => {
                Words::new(format!("设置参数 {}", setting.name), format!("set {}", setting.name))
            }
            Question::Clear => Words::new("清除航线", "take the plan away"),
            Question::Current(seq) => Words::new(format!("转到第 {seq} 项"), format!("go on at item {seq}")),
        }
    }

    fn message(&self) -> MavMessage {
        let Peer { system: target_system, component: target_component } = self.to;
        match &self.question {
            Question::Command(call) => {
                let [param1, param2, param3, param4, param5, param6, param7] = call.params;
                MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
                    param1,
                    param2,
                    param3,
                    param4,
                    param5,
                    param6,
                    param7,
                    command: call.command,
                    target_system,
                    target_component,
                    confirmation: self.tries as u8,
                })
            }
            Question::Set(setting, autopilot) => MavMessage::PARAM_SET(PARAM_SET_DATA {
                param_value: encoded(setting.value, *autopilot),
                target_system,
                target_component,
                param_id: setting.name.into(),
                param_type: MavParamType::MAV_PARAM_TYPE_INT32,
            }),
            Question::Clear => MavMessage::MISSION_CLEAR_ALL(MISSION_CLEAR_ALL_DATA {
                target_system,
                target_component,
                mission_type: MavMissionType::MAV_MISSION_TYPE_MISSION,
            }),
            Question::Current(seq) => MavMessage::MISSION_SET_CURRENT(MISSION_SET_CURRENT_DATA {
                seq: *seq,
                target_system,
                target_component,
            }),
        }
    }
}

/// Returns a whole number as a parameter travels: its bits with PX4, its value with others.
pub fn encoded(value: i32, autopilot: Autopilot) -> f32 {
    if autopilot == Autopilot::Px4 { f32::from_bits(value.cast_unsigned()) } else { value as f32 }
}

/// Returns the whole number of a parameter that travelled.
pub fn number(value: f32, kind: MavParamType, autopilot: Autopilot) -> i32 {
    let bits = autopilot == Autopilot::Px4 && kind != MavParamType::MAV_PARAM_TYPE_REAL32;
    if bits { value.to_bits().cast_signed() } else { value.round() as i32 }
}
