//! A launch in words: its states, each with the next step, the orders of people, and the record that is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::LostLink;

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Returns words of both languages, Chinese first.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

impl std::fmt::Display for Words {
    /// English, then Chinese, as on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.en, self.zh)
    }
}

/// Something that went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Name or number that the other side gave, such as `MAV_MISSION_NO_SPACE` or `316027`.
    pub code: Option<String>,
    /// What is wrong.
    pub what: Words,
    /// How to mend it.
    pub mend: Words,
}

impl Fault {
    /// Returns a fault without a number of the other side.
    pub fn new(what: Words, mend: Words) -> Self {
        Self { code: None, what, mend }
    }

    /// Returns the fault with the other side's name or number.
    #[must_use]
    pub fn coded(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }
}

/// How far a flight is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Waypoint of the plan that is flown to, counted from 0; none on the way to the first.
    pub waypoint: Option<usize>,
    /// Waypoints of the plan.
    pub waypoints: usize,
    /// Share of the plan that is flown, 0 to 1.
    pub share: f64,
}

/// Where a flight was broken off, so that it can go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Break {
    /// The last waypoint that was passed, counted from 0.
    pub waypoint: usize,
    /// Share of the way to the next that was flown, 0 to 1.
    pub share: f64,
}

/// Why an aircraft is on its way home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The plan is flown.
    Flown,
    /// A person said so; the plan stays, and can go on from the break.
    Asked,
    /// A person broke the flight off for good.
    Aborted,
    /// The aircraft or dock decided so: battery, wind, a lost link.
    Vehicle,
}

/// Where a launch stands. [`Landed`](Self::Landed), [`Aborted`](Self::Aborted) and [`Failed`](Self::Failed) are ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// What must hold before a start is looked at; nothing was sent that moves the aircraft.
    Gate,
    /// The plan is on its way.
    Uploading {
        /// Items, or parts of a file, that arrived.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// The plan is there and was found right; a person has to confirm.
    Ready,
    /// Told to start, not yet seen in the air.
    Launching,
    /// In the air on the plan.
    Flying {
        /// How far.
        progress: Progress,
    },
    /// In the air, holding its place.
    Paused {
        /// How far.
        progress: Progress,
    },
    /// On the way home.
    Returning {
        /// Why.
        cause: Cause,
        /// Where the plan was left; none when it is flown.
        left_at: Option<Break>,
    },
    /// On the ground again, motors off.
    Landed {
        /// Where the plan was left; none when all of it is flown.
        left_at: Option<Break>,
    },
    /// Broken off for good, on the ground.
    Aborted,
    /// Nothing is heard; the plan says what the aircraft does by itself.
    LinkLost {
        /// What it does.
        action: LostLink,
        /// How far it was when last heard; none before it was in the air.
        progress: Option<Progress>,
    },
    /// It did not come to a flight, or the flight's end is not known.
    Failed {
        /// Why, and what to do.
        fault: Fault,
    },
}

/// What a person may order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Start the flight.
    Launch,
    /// Hold in the air.
    Pause,
    /// Go on from where it holds or where it was left.
    Resume,
    /// Fly another plan from here on.
    Change,
    /// Fly home and land; the plan stays.
    ReturnHome,
    /// Break off for good: before the start take the plan away, in the air fly home.
    Abort,
}

/// An order of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What.
    pub command: Command,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Sent, and the other side did not answer yet.
    Sent,
    /// The other side said yes.
    Accepted,
    /// Not sent, or the other side said no.
    Refused {
        /// Why.
        fault: Fault,
    },
    /// No answer in time, all retries used.
    Silent,
}

/// One line of the record of a flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, by the clock of this machine.
    pub at: Timestamp,
    /// Which flight: stays the same however often it is sent.
    pub flight_id: String,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What a line of the record is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A person ordered something.
    Ordered {
        /// Who, what and why.
        #[serde(flatten)]
        order: Order,
        /// What became of it.
        #[serde(flatten)]
        answer: Answer,
    },
    /// The launch is in another state.
    Changed {
        /// The new one.
        #[serde(flatten)]
        state: State,
        /// It in words.
        words: Words,
        /// The next step.
        next: Words,
    },
    /// Something worth keeping that is neither.
    Noted {
        /// What.
        words: Words,
    },
}

impl What {
    /// Returns the line of a new state.
    pub fn changed(state: &State) -> Self {
        Self::Changed { state: state.clone(), words: state.words(), next: state.next() }
    }
}

impl Command {
    /// Every command.
    pub const ALL: [Self; 6] =
        [Self::Launch, Self::Pause, Self::Resume, Self::Change, Self::ReturnHome, Self::Abort];

    /// Returns its name, as in records and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Change => "change",
            Self::ReturnHome => "return_home",
            Self::Abort => "abort",
        }
    }

    /// Returns the command of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// Returns it in words.
    pub fn words(self) -> Words {
        match self {
            Self::Launch => Words::new("起飞", "launch"),
            Self::Pause => Words::new("暂停", "pause"),
            Self::Resume => Words::new("继续", "resume"),
            Self::Change => Words::new("更换航线", "change the plan"),
            Self::ReturnHome => Words::new("返航", "return home"),
            Self::Abort => Words::new("中止", "abort"),
        }
    }
}

impl State {
    /// Tells whether the launch is over.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Landed { .. } | Self::Aborted | Self::Failed { .. })
    }

    /// Tells whether the aircraft is, or may be, in the air.
    pub fn may_be_airborne(&self) -> bool {
        matches!(
            self,
            Self::Launching
                | Self::Flying { .. }
                | Self::Paused { .. }
                | Self::Returning { .. }
                | Self::LinkLost { .. }
        )
    }

    /// Tells whether a person may order this now.
    ///
    /// # Errors
    /// With the reason and what to do instead.
    pub fn allows(&self, command: Command) -> Result<(), Fault> {
        let fits = match command {
            Command::Launch => matches!(self, Self::Ready),
            Command::Pause => matches!(self, Self::Flying { .. }),
            Command::Change => matches!(self, Self::Flying { .. } | Self::Paused { .. }),
            Command::Resume => matches!(
                self,
                Self::Paused { .. } | Self::Returning { cause: Cause::Asked | Cause::Vehicle, .. }
            ),
            Command::ReturnHome => {
                self.may_be_airborne() && !matches!(self, Self::Returning { cause: Cause::Aborted, .. })
            }
            Command::Abort => !self.is_over(),
        };
        if fits {
            return Ok(());
        }
        let (order, state) = (command.words(), self.words());
        let what = Words::new(
            format!("当前状态“{}”不能执行“{}”", state.zh, order.zh),
            format!("cannot {} while: {}", order.en, state.en),
        );
        Err(Fault::new(what, self.next()))
    }

    /// Returns the state in words.
    pub fn words(&self) -> Words {
        match self {
            Self::Gate => Words::new("正在做起飞前检查", "pre-flight checks are under way"),
            Self::Uploading { done, total } => Words::new(
                format!("正在上传航线:{done}/{total}"),
                format!("the plan is being uploaded: {done} of {total}"),
            ),
            Self::Ready => Words::new("航线已就绪,尚未起飞", "the plan is on board; not started"),
            Self::Launching => Words::new("已下令起飞,等待升空", "told to start; not yet in the air"),
            Self::Flying { progress } => progress.words(&Words::new("正在按航线飞行", "flying the plan")),
            Self::Paused { progress } => {
                progress.words(&Words::new("已暂停,正在悬停", "paused, holding in the air"))
            }
            Self::Returning { cause, .. } => cause.words(),
            Self::Landed { left_at: None } => Words::new("航线已完成,已降落", "flown to its end and landed"),
            Self::Landed { left_at: Some(left) } => Words::new(
                format!("已降落,航线停在航点 {} 之后", left.waypoint),
                format!("landed; the plan was left after waypoint {}", left.waypoint),
            ),
            Self::Aborted => Words::new("已中止,未在空中", "aborted, on the ground"),
            Self::LinkLost { action, progress } => {
                let (zh, en) = match action {
                    LostLink::Continue => ("继续飞完航线", "goes on with the plan"),
                    LostLink::GoHome => ("返航", "flies home"),
                    LostLink::Hover => ("悬停", "holds its place"),
                    LostLink::Land => ("就地降落", "lands where it is"),
                };
                if progress.is_some() {
                    Words::new(
                        format!("链路中断;按航线约定,飞机将{zh}"),
                        format!("the link is lost; by the plan the aircraft {en}"),
                    )
                } else {
                    Words::new("链路中断,未见飞机升空", "the link is lost; not seen in the air")
                }
            }
            Self::Failed { fault } => {
                Words::new(format!("失败:{}", fault.what.zh), format!("failed: {}", fault.what.en))
            }
        }
    }

    /// Returns the next step of whoever watches.
    pub fn next(&self) -> Words {
        match self {
            Self::Gate | Self::Uploading { .. } => Words::new("请等待", "wait"),
            Self::Ready => Words::new(
                "请确认场地安全后确认起飞,或中止",
                "see that the place is clear, then confirm the start, or abort",
            ),
            Self::Launching => Words::new(
                "请目视飞机;若不升空,请中止",
                "keep the aircraft in sight; abort if it does not rise",
            ),
            Self::Flying { .. } => Words::new("可暂停、返航或中止", "pause, return home or abort if need be"),
            Self::Paused { .. } => Words::new(
                "请继续、返航或中止;电量在消耗",
                "resume, return home or abort; the battery drains",
            ),
            Self::Returning { left_at: None, .. } | Self::Returning { cause: Cause::Aborted, .. } => {
                Words::new("请保持降落点无人", "keep the landing place clear")
            }
            Self::Returning { .. } => Words::new(
                "请保持降落点无人;也可继续航线",
                "keep the landing place clear, or resume the plan",
            ),
            Self::Landed { left_at: None } => Words::new("无需操作", "nothing to do"),
            Self::Landed { left_at: Some(_) } => Words::new(
                "更换电池后可从断点继续",
                "change the battery and launch again to go on from there",
            ),
            Self::Aborted => Words::new("如仍需飞行,请重新起飞", "launch anew if it is still needed"),
            Self::LinkLost { progress: Some(_), .. } => Words::new(
                "请目视搜寻飞机,用遥控器接管,并恢复链路",
                "look for the aircraft, take over by remote control, and restore the link",
            ),
            Self::LinkLost { progress: None, .. } => Words::new(
                "请勿靠近飞机;检查链路后再试",
                "keep away from the aircraft; check the link and try again",
            ),
            Self::Failed { fault } => fault.mend.clone(),
        }
    }
}

impl Progress {
    fn words(self, what: &Words) -> Words {
        let percent = (self.share * 100.0).round();
        let (zh, en) = self.waypoint.map_or_else(
            || ("前往首个航点".to_owned(), "on the way to its first waypoint".to_owned()),
            |waypoint| {
                let (at, all) = (waypoint + 1, self.waypoints);
                (format!("航点 {at}/{all},{percent}%"), format!("waypoint {at} of {all}, {percent} %"))
            },
        );
        Words::new(format!("{}:{zh}", what.zh), format!("{}: {en}", what.en))
    }
}

impl Cause {
    fn words(self) -> Words {
        match self {
            Self::Flown => Words::new("航线已完成,正在返航", "the plan is flown; flying home"),
            Self::Asked => Words::new("按指令返航", "flying home as ordered"),
            Self::Aborted => Words::new("已中止航线,正在返航", "aborted; flying home"),
            Self::Vehicle => Words::new("飞机自行返航", "flying home by its own decision"),
        }
    }
}
