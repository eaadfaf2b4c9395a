//! What the `data` of messages holds, for the methods that flights need. Fields that nothing here uses are passed over.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A device of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Serial number.
    pub sn: String,
}

/// `airport_bind_status`: is the dock known, and its aircraft?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BindStatus {
    /// Of which devices.
    pub devices: Vec<Device>,
}

/// `airport_organization_get`: whose is this code?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationGet {
    /// What was typed in at the dock.
    pub device_binding_code: String,
    /// Of whom.
    pub organization_id: String,
}

/// `airport_organization_bind`: make us yours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationBind {
    /// Which devices.
    pub bind_devices: Vec<BindDevice>,
}

/// A device that is to be bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BindDevice {
    /// Serial number.
    pub sn: String,
    /// What was typed in at the dock.
    pub device_binding_code: String,
    /// To whom.
    pub organization_id: String,
    /// Name there.
    #[serde(default)]
    pub device_callsign: String,
    /// Kind of device: domain, type, sub-type.
    #[serde(default)]
    pub device_model_key: String,
}

/// `update_topo`: the dock is there, with or without its aircraft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// The aircraft; none when it is off.
    pub sub_devices: Vec<Device>,
}

/// A file and what it is checked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is.
    pub url: String,
    /// MD5 of its bytes.
    #[serde(alias = "sign")]
    pub fingerprint: String,
}

/// What must hold before a conditional task starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadyConditions {
    /// Least charge of the aircraft, percent.
    pub battery_capacity: u8,
    /// From when on, milliseconds.
    pub begin_time: i64,
    /// Until when, milliseconds.
    pub end_time: i64,
}

/// Where a flight was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakPoint {
    /// Waypoint.
    pub index: usize,
    /// 0 on the way from it to the next, 1 at it.
    pub state: u8,
    /// Share of the way, 0 to 1.
    pub progress: f64,
    /// Which route of the file.
    pub wayline_id: u32,
    /// Why; see the documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_reason: Option<i64>,
}

/// A flight that is only simulated inside the dock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SimulateMission {
    /// 1 when it is.
    pub is_enable: u8,
    /// Where it pretends to stand.
    pub latitude: f64,
    /// Where it pretends to stand.
    pub longitude: f64,
}

/// `flighttask_prepare`: a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepare {
    /// Id of the flight; the same however often it is sent.
    pub flight_id: String,
    /// When it starts, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute_time: Option<i64>,
    /// 0 now, 1 at its time, 2 when its conditions hold.
    pub task_type: u8,
    /// The plan.
    pub file: File,
    /// Of a conditional task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_conditions: Option<ReadyConditions>,
    /// Where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_point: Option<BreakPoint>,
    /// Height of the way home above take-off, metres.
    pub rth_altitude: u32,
    /// 0 as the aircraft thinks fit, 1 as stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rth_mode: Option<u8>,
    /// When the link is lost: 0 home, 1 hover, 2 land.
    pub out_of_control_action: u8,
    /// When the link is lost: 0 goes on, 1 does the above.
    pub exit_wayline_when_rc_lost: u8,
    /// 0 by satellites, 1 with RTK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wayline_precision_type: Option<u8>,
    /// Simulated inside the dock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulate_mission: Option<SimulateMission>,
}

/// `flighttask_execute`, `flighttask_resource_get`, `flighttask_stop`: names a flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlightId {
    /// Which.
    pub flight_id: String,
}

/// `flighttask_undo`, `flighttask_ready`: names flights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlightIds {
    /// Which.
    pub flight_ids: Vec<String>,
}

/// `live_start_push`: send the picture of a camera somewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveStart {
    /// 0 Agora, 1 RTMP, 2 RTSP, 3 GB28181, 4 WHIP.
    pub url_type: u8,
    /// Where to.
    pub url: String,
    /// Serial number, camera and lens.
    pub video_id: String,
    /// 0 as the link allows, up to 4.
    pub video_quality: u8,
}

/// Where a task or a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On its way.
    Sent,
    /// Under way.
    InProgress,
    /// Done.
    Ok,
    /// Holding.
    Paused,
    /// Not taken.
    Rejected,
    /// Ended by a fault.
    Failed,
    /// Taken back or broken off.
    Canceled,
    /// Took too long.
    Timeout,
    /// Ended before its end.
    PartiallyDone,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percent {
    /// Step of the dock; see the documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_step: Option<i64>,
    /// 0 to 100.
    #[serde(default)]
    pub percent: f64,
}

/// What a flight says of itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProgressExt {
    /// Which.
    #[serde(default)]
    pub flight_id: String,
    /// Waypoint that was reached.
    #[serde(default)]
    pub current_waypoint_index: usize,
    /// 5 on the way to the first waypoint, 6 flying, 7 interrupted, 8 going on, 9 flown.
    #[serde(default)]
    pub wayline_mission_state: u8,
    /// Pictures so far.
    #[serde(default)]
    pub media_count: u32,
    /// Where it was broken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_point: Option<BreakPoint>,
}

/// The `output` of `flighttask_progress`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgressOutput {
    /// Where the task stands.
    pub status: Status,
    /// How far.
    #[serde(default)]
    pub progress: Percent,
    /// The flight.
    pub ext: ProgressExt,
}

/// `flighttask_progress`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlightProgress {
    /// 0 is well.
    pub result: i64,
    /// The rest.
    pub output: ProgressOutput,
}

/// How far a command of the dock is: cover, aircraft on and off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandProgress {
    /// 0 is well.
    pub result: i64,
    /// Where it stands.
    pub output: CommandOutput,
}

/// The `output` of a command's progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandOutput {
    /// Where it stands.
    pub status: Status,
    /// How far.
    #[serde(default)]
    pub progress: Option<Percent>,
}

/// `device_exit_homing_notify`: the way home stopped, or goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExitHoming {
    /// 1 it stopped, 0 it goes on.
    pub action: u8,
    /// Why, 0 to 10; written as a text or a number.
    #[serde(deserialize_with = "number")]
    pub reason: i64,
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let found = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    found.ok_or_else(|| serde::de::Error::custom(format!("{value} is no number")))
}

/// One warning of `hms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Number in DJI's list of warnings, as `0x16100083`.
    pub code: String,
    /// 0 for notice, 1 for caution, 2 for alarm.
    pub level: u8,
    /// 1 when it was in the air.
    #[serde(default)]
    pub in_the_sky: u8,
    /// 0 planning, 1 flying, 2 media, 3 health.
    #[serde(default)]
    pub module: u8,
}

/// `hms`: all warnings there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hms {
    /// All of them.
    pub list: Vec<Warning>,
}

/// An answer: a result and what else is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// 0 is well.
    pub result: i64,
    /// The rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// What a message says, read.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each holds the type of its name, which says what it is")]
pub enum Body {
    BindStatus(BindStatus),
    OrganizationGet(OrganizationGet),
    OrganizationBind(OrganizationBind),
    Topology(Topology),
    Config,
    Prepare(Box<Prepare>),
    Execute(FlightId),
    Stop(FlightId),
    Undo(FlightIds),
    Pause,
    Recovery,
    ReturnHome,
    ReturnHomeCancel,
    /// Cover, aircraft on and off, debugging.
    Device(String),
    ResourceGet(FlightId),
    Ready(FlightIds),
    FlightProgress(FlightProgress),
    CommandProgress(CommandProgress),
    ExitHoming(ExitHoming),
    ReturnHomeInfo,
    Hms(Hms),
    LiveStart(LiveStart),
    LiveStop,
    Reply(Reply),
    /// Properties; [`super::health`] and the telemetry readers look into them.
    Properties,
}

/// Why a message says nothing to flights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Not needed, and why.
    NotOurs(&'static str),
    /// Ours, but broken.
    Broken(String),
}

/// Commands of a dock that flights may need on site.
pub const DEVICE_COMMANDS: [&str; 6] =
    ["cover_open", "cover_close", "drone_open", "drone_close", "debug_mode_open", "debug_mode_close"];

/// Reads what a message is about. Replies hold a `result`; properties have no method.
///
/// # Errors
/// [`Unread::NotOurs`] with the reason, [`Unread::Broken`] with what is wrong.
pub fn read(method: Option<&str>, data: &Value) -> Result<Body, Unread> {
    let Some(method) = method.filter(|method| !method.is_empty()) else {
        return if data.get("result").is_some() { of(data, Body::Reply) } else { Ok(Body::Properties) };
    };
    match method {
        "flighttask_progress" if data.get("output").is_some() => return of(data, Body::FlightProgress),
        _ if DEVICE_COMMANDS.contains(&method) => {
            if data.pointer("/output/status").is_some() {
                return of(data, Body::CommandProgress);
            }
        }
        _ => {}
    }
    let ours = match method {
        "airport_bind_status" => of(data, Body::BindStatus),
        "airport_organization_get" => of(data, Body::OrganizationGet),
        "airport_organization_bind" => of(data, Body::OrganizationBind),
        "update_topo" => of(data, Body::Topology),
        "config" => Ok(Body::Config),
        "flighttask_prepare" => of(data, |found| Body::Prepare(Box::new(found))),
        "flighttask_execute" => of(data, Body::Execute),
        "flighttask_stop" => of(data, Body::Stop),
        "flighttask_undo" => of(data, Body::Undo),
        "flighttask_pause" => Ok(Body::Pause),
        "flighttask_recovery" => Ok(Body::Recovery),
        "return_home" => Ok(Body::ReturnHome),
        "return_home_cancel" => Ok(Body::ReturnHomeCancel),
        "return_home_info" => Ok(Body::ReturnHomeInfo),
        "flighttask_resource_get" => of(data, Body::ResourceGet),
        "flighttask_progress" => of(data, Body::FlightProgress),
        "flighttask_ready" => of(data, Body::Ready),
        "device_exit_homing_notify" => of(data, Body::ExitHoming),
        "hms" => of(data, Body::Hms),
        "live_start_push" => of(data, Body::LiveStart),
        "live_stop_push" => Ok(Body::LiveStop),
        _ if DEVICE_COMMANDS.contains(&method) => Ok(Body::Device(method.to_owned())),
        _ => return Err(Unread::NotOurs(not_ours(method))),
    };
    if data.get("result").is_some() { of(data, Body::Reply) } else { ours }
}

fn of<T: serde::de::DeserializeOwned>(data: &Value, body: impl FnOnce(T) -> Body) -> Result<Body, Unread> {
    T::deserialize(data).map(body).map_err(|error| Unread::Broken(error.to_string()))
}

/// Why a method is left to others.
fn not_ours(method: &str) -> &'static str {
    let any = |starts: &[&str]| starts.iter().any(|start| method.starts_with(start));
    if any(&[
        "drc_",
        "drone_control",
        "heart_beat",
        "hsi_",
        "delay_",
        "osd_info",
        "poi_",
        "joystick",
        "fly_to",
        "takeoff_to",
    ]) || any(&["flight_authority", "payload_authority", "drone_emergency", "stick_control"])
    {
        "flying by hand: plans are flown by the dock (positions are read by the telemetry readers)"
    } else if any(&["camera_", "gimbal_", "ir_", "photo_", "video_", "live_"]) {
        "cameras are steered by the actions of the plan"
    } else if any(&["psdk_", "esdk_", "speaker_", "custom_data"]) {
        "loudspeakers and programs on the aircraft"
    } else if any(&[
        "ota_",
        "fileupload_",
        "device_",
        "drone_",
        "charge_",
        "putter_",
        "cover_",
        "esim_",
        "sim_",
    ]) {
        "upkeep of the dock: firmware, logs, cards, storage"
    } else if any(&["storage_config", "file_upload", "highest_priority", "upload_flighttask"]) {
        "pictures on the dock: the video of the flight is looked at instead"
    } else if any(&["flight_areas", "unlock_", "airsense"]) {
        "airspace: zones are checked before the flight, none are sent to docks"
    } else if any(&["flighttask_create", "flighttask_progress_get", "flight_setup", "return_specific"]) {
        "deprecated, or for flights over several docks"
    } else if method == "some_method" {
        "a place holder of the documents"
    } else {
        "not known"
    }
}
