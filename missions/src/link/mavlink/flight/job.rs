//! What takes several messages, step by step, and what becomes of the order behind it.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Flight, Job, Step};
use crate::link::launch::{Answer, Command, Fault, State, What, Words};
use crate::link::mavlink::autopilot::{Autopilot, arm};
use crate::link::mavlink::command::{Ask, Question};
use crate::link::mavlink::track::Track;

impl Flight {
    /// Does what the step at hand needs.
    pub(super) fn work(&mut self, now: Duration) {
        let Some(step) = self.job.as_mut().and_then(|job| job.steps.front_mut()) else { return };
        match step {
            Step::Ask(ask) => {
                if let Some(fault) = ask.tick(now, &mut self.out) {
                    let set = ask.is_setting();
                    if set { self.setting_failed(&fault) } else { self.job_silent(fault) }
                }
            }
            Step::Send(upload) => {
                upload.tick(now, &mut self.out);
                let (done, total) = upload.progress();
                match upload.outcome().cloned() {
                    Some(Ok(())) => self.step_done(),
                    Some(Err(fault)) => self.job_failed(&Answer::Refused { fault }),
                    None if matches!(self.state, State::Uploading { .. }) => {
                        self.state = State::Uploading { done, total };
                    }
                    None => {}
                }
            }
            Step::ReadBack(download, kept) => {
                download.tick(now, &mut self.out);
                let differs = download.items().len() != kept.len()
                    || kept.iter().zip(download.items()).skip(1).any(|(sent, kept)| !sent.is_kept_as(kept));
                let answered = download.answered();
                match download.outcome().cloned() {
                    Some(Ok(())) if differs => self.job_failed(&Answer::Refused { fault: not_kept() }),
                    Some(Ok(())) => self.step_done(),
                    Some(Err(fault)) if answered => self.job_failed(&Answer::Refused { fault }),
                    Some(Err(_)) => {
                        self.note(Words::new(
                            "飞机不支持读回航线,未能核对",
                            "the vehicle does not read its plan back; it was not compared",
                        ));
                        self.step_done();
                    }
                    None => {}
                }
            }
        }
    }

    /// A vehicle without the setting goes by its own; whoever confirms is told.
    fn setting_failed(&mut self, fault: &Fault) {
        self.note(Words::new(
            format!("失联动作未能设定,以飞控自身设置为准({})", fault.what.zh),
            format!("what it does on a lost link was not set; its own setting holds ({})", fault.what.en),
        ));
        self.step_done();
    }

    pub(super) fn step_done(&mut self) {
        let left = self.job.as_mut().map(|job| {
            job.steps.pop_front();
            job.steps.len()
        });
        if left == Some(0) {
            self.job_done();
        }
    }

    pub(super) fn job_done(&mut self) {
        let Some(job) = self.job.take() else { return };
        if let Some(fault) = self.failing.take() {
            self.enter(State::Failed { fault });
            return;
        }
        if let Some(plan) = job.change {
            let home_first = self.vehicle.autopilot.is_some_and(Autopilot::home_first);
            self.track = Track::new(&plan, home_first);
            self.plan = plan;
        }
        match job.order {
            None => self.enter(State::Ready),
            Some(order) => {
                let over = order.command == Command::Abort && !self.seen_airborne;
                self.record.push(What::Ordered { order, answer: Answer::Accepted });
                if over {
                    self.enter(State::Aborted);
                }
            }
        }
    }

    fn job_silent(&mut self, fault: Fault) {
        let told = self.job.as_ref().is_some_and(|job| job.order.is_some());
        if told {
            self.failed_with(&Answer::Silent, fault);
        } else {
            self.job_failed(&Answer::Refused { fault });
        }
    }

    pub(super) fn job_failed(&mut self, answer: &Answer) {
        let Answer::Refused { fault } = answer else { return };
        self.failed_with(answer, fault.clone());
    }

    fn failed_with(&mut self, answer: &Answer, fault: Fault) {
        let Some(job) = self.job.take() else { return };
        if let Some(fault) = self.failing.take() {
            self.enter(State::Failed { fault });
            return;
        }
        let Some(order) = job.order else {
            self.enter(State::Failed { fault });
            return;
        };
        let command = order.command;
        self.record.push(What::Ordered { order, answer: answer.clone() });
        match command {
            // How it stands is not known before the link is back.
            Command::Launch if matches!(self.state, State::LinkLost { .. }) => {}
            Command::Launch if !self.seen_airborne => self.stand_down(fault),
            Command::Abort if !self.seen_airborne && !self.vehicle.armed => {
                self.enter(State::Failed { fault });
            }
            Command::ReturnHome | Command::Abort => self.home_for = None,
            _ => {}
        }
    }

    /// A start that failed: motors off, whatever was switched on.
    fn stand_down(&mut self, fault: Fault) {
        let Some(to) = self.vehicle.peer else {
            self.enter(State::Failed { fault });
            return;
        };
        self.failing = Some(fault);
        let off = Step::Ask(Ask::new(Question::Command(arm(false)), to));
        self.job = Some(Job { order: None, steps: VecDeque::from([off]), change: None });
    }
}

fn not_kept() -> Fault {
    Fault::new(
        Words::new("读回的航线与上传的不一致", "the plan read back is not the one that was sent"),
        Words::new("请勿起飞;请再次上传", "do not start; upload it again"),
    )
}
