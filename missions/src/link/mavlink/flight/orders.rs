//! Orders of people: whether they can be given, and what they make the vehicle do.

use std::collections::VecDeque;

use mavlink::dialects::common::MavMissionType;

use super::{Flight, Job, Step};
use crate::link::launch::{Answer, Cause, Command, Fault, Order, State, What, Words};
use crate::link::mavlink::Peer;
use crate::link::mavlink::autopilot::{arm, return_home};
use crate::link::mavlink::command::{Ask, Question};
use crate::link::mavlink::download::Download;
use crate::link::mavlink::item::{Mission, WireItem};
use crate::link::mavlink::upload::Upload;
use crate::plan::Plan;

impl Flight {
    pub(super) fn ordered(&mut self, order: Order, plan: Option<Plan>) -> Result<(), Fault> {
        let urgent = matches!(order.command, Command::Abort | Command::ReturnHome | Command::Pause);
        let mut checked = self.state.allows(order.command);
        if checked.is_ok() && self.job.as_ref().is_some_and(|job| job.order.is_some()) && !urgent {
            checked = Err(Fault::new(
                Words::new("上一条指令仍在执行", "the order before is still under way"),
                Words::new("请稍候再试", "try again in a moment"),
            ));
        }
        let steps = checked.and_then(|()| self.steps_of(order.command, plan.as_ref()));
        match steps {
            Err(fault) => {
                self.record.push(What::Ordered { order, answer: Answer::Refused { fault: fault.clone() } });
                Err(fault)
            }
            Ok(steps) => {
                self.supersede(&order);
                self.record.push(What::Ordered { order: order.clone(), answer: Answer::Sent });
                self.begin(order, steps, plan);
                Ok(())
            }
        }
    }

    /// Ends the job before an order that cannot wait.
    fn supersede(&mut self, order: &Order) {
        if let Some(Job { order: Some(before), .. }) = self.job.take() {
            let by = order.command.words();
            let fault = Fault::new(
                Words::new(format!("被“{}”取代", by.zh), format!("overtaken by: {}", by.en)),
                Words::new("无需操作", "nothing to do"),
            );
            self.record.push(What::Ordered { order: before, answer: Answer::Refused { fault } });
        }
    }

    fn begin(&mut self, order: Order, steps: VecDeque<Step>, change: Option<Plan>) {
        match order.command {
            Command::Launch => {
                self.launched = true;
                self.enter(State::Launching);
            }
            Command::ReturnHome => self.home_for = Some(Cause::Asked),
            Command::Abort => self.home_for = Some(Cause::Aborted),
            Command::Resume | Command::Change => self.home_for = None,
            Command::Pause => {}
        }
        self.job = Some(Job { order: Some(order), steps, change });
        if self.job.as_ref().is_some_and(|job| job.steps.is_empty()) {
            self.job_done();
        }
    }

    fn steps_of(&self, command: Command, plan: Option<&Plan>) -> Result<VecDeque<Step>, Fault> {
        let Some((to, autopilot)) = self.vehicle.peer.zip(self.vehicle.autopilot) else {
            // Nobody was heard, and nothing was sent: only an abort comes here.
            return Ok(VecDeque::new());
        };
        let ask = |question| Step::Ask(Ask::new(question, to));
        let call = |call| ask(Question::Command(call));
        let steps = match command {
            Command::Launch => autopilot.start().into_iter().map(call).collect(),
            Command::Pause => vec![call(autopilot.hold())],
            Command::Resume => {
                let from_home = matches!(self.state, State::Returning { .. });
                let item = from_home.then(|| self.track.item_to_resume()).flatten();
                let back = item.map(|item| ask(Question::Current(item)));
                back.into_iter().chain([call(autopilot.resume())]).collect()
            }
            Command::ReturnHome => vec![call(return_home())],
            Command::Abort => self.abort_steps(to),
            Command::Change => {
                let Some(plan) = plan else {
                    let mend = Words::new("请给出新航线", "give the new plan");
                    return Err(Fault::new(Words::new("未给出新航线", "no plan was given"), mend));
                };
                let mission = Mission::of(plan, autopilot.home_first())?;
                // The take-off before it is behind.
                let first = 1 + u16::from(autopilot.home_first());
                let mut steps = self.list_steps(to, MavMissionType::MAV_MISSION_TYPE_MISSION, mission.items);
                steps.extend([ask(Question::Current(first)), call(autopilot.resume())]);
                steps
            }
        };
        Ok(steps.into())
    }

    /// In the air the way home; before it motors off and the plan taken away, as far as either was sent.
    fn abort_steps(&self, to: Peer) -> Vec<Step> {
        let ask = |question| Step::Ask(Ask::new(question, to));
        if self.launched && (self.seen_airborne || self.vehicle.airborne() == Some(true)) {
            return vec![ask(Question::Command(return_home()))];
        }
        match self.state {
            State::Gate => Vec::new(),
            _ if self.launched => vec![ask(Question::Command(arm(false))), ask(Question::Clear)],
            _ => vec![ask(Question::Clear)],
        }
    }

    pub(super) fn list_steps(&self, to: Peer, kind: MavMissionType, items: Vec<WireItem>) -> Vec<Step> {
        let kept = items.clone();
        vec![
            Step::Send(Upload::new(self.settings.us, to, kind, items)),
            Step::ReadBack(Download::new(to, kind), kept),
        ]
    }
}
