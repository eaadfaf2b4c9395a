//! What the protocol's results mean, and what to do about them.

use mavlink::dialects::common::{MavMissionResult, MavResult};

use crate::link::launch::{Fault, Words};

/// Returns a vehicle's refusal of an item or of the whole list in words.
pub fn mission_fault(result: MavMissionResult, item: Option<(u16, String)>) -> Fault {
    let [zh, en, mend_zh, mend_en] = meaning(result);
    let what = match item {
        Some((seq, command)) => Words::new(
            format!("飞机拒绝第 {seq} 项({command}):{zh}"),
            format!("the vehicle refuses item {seq} ({command}): {en}"),
        ),
        None => Words::new(format!("飞机拒绝航线:{zh}"), format!("the vehicle refuses the list: {en}")),
    };
    Fault::new(what, Words::new(mend_zh, mend_en)).coded(format!("{result:?}"))
}

/// What is wrong and how to mend it, each Chinese and English.
#[expect(clippy::too_many_lines, reason = "a table")]
fn meaning(result: MavMissionResult) -> [&'static str; 4] {
    use MavMissionResult as R;
    match result {
        R::MAV_MISSION_NO_SPACE => [
            "航点过多,飞机存不下",
            "more items than it can hold",
            "请把航线拆成几段",
            "cut the plan into several",
        ],
        R::MAV_MISSION_UNSUPPORTED => [
            "不支持该命令",
            "it does not know this command",
            "请去掉该动作,或升级飞控",
            "leave this action out, or update the autopilot",
        ],
        R::MAV_MISSION_UNSUPPORTED_FRAME => [
            "不支持该坐标系",
            "it does not know this frame",
            "请改用相对起飞点的高度",
            "plan with heights above take-off",
        ],
        R::MAV_MISSION_INVALID_PARAM1 => {
            ["参数 1 无效", "parameter 1 is out of range", "请修正该航点", "correct this item"]
        }
        R::MAV_MISSION_INVALID_PARAM2 => {
            ["参数 2 无效", "parameter 2 is out of range", "请修正该航点", "correct this item"]
        }
        R::MAV_MISSION_INVALID_PARAM3 => {
            ["参数 3 无效", "parameter 3 is out of range", "请修正该航点", "correct this item"]
        }
        R::MAV_MISSION_INVALID_PARAM4 => {
            ["参数 4 无效", "parameter 4 is out of range", "请修正该航点", "correct this item"]
        }
        R::MAV_MISSION_INVALID_PARAM5_X => [
            "纬度或参数 5 无效",
            "its latitude or parameter 5 is out of range",
            "请修正该航点",
            "correct this item",
        ],
        R::MAV_MISSION_INVALID_PARAM6_Y => [
            "经度或参数 6 无效",
            "its longitude or parameter 6 is out of range",
            "请修正该航点",
            "correct this item",
        ],
        R::MAV_MISSION_INVALID_PARAM7 => [
            "高度或参数 7 无效",
            "its height or parameter 7 is out of range",
            "请修正该航点高度",
            "correct the height of this item",
        ],
        R::MAV_MISSION_INVALID => [
            "参数无效",
            "a parameter is out of range",
            "请检查围栏与最大高度设置",
            "look at the vehicle's fence and highest height",
        ],
        R::MAV_MISSION_INVALID_SEQUENCE => {
            ["航点顺序错误", "items came out of order", "请再试一次", "try again"]
        }
        R::MAV_MISSION_DENIED => [
            "拒绝接收该地面站的航线",
            "it takes no plan from this station",
            "请检查飞控的地面站编号设置",
            "look at which station the vehicle listens to",
        ],
        R::MAV_MISSION_OPERATION_CANCELLED => {
            ["传输被取消", "the transfer was cancelled", "请检查链路后再试", "check the link and try again"]
        }
        R::MAV_MISSION_ACCEPTED | R::MAV_MISSION_ERROR => [
            "飞控报告错误",
            "it reports an error without a reason",
            "请查看飞控日志",
            "look at the autopilot's log",
        ],
    }
}

/// Returns a vehicle's refusal of a command in words; none when it accepted.
pub fn command_fault(result: MavResult, command: &Words) -> Option<Fault> {
    use MavResult as R;
    let [zh, en, mend_zh, mend_en] = match result {
        R::MAV_RESULT_ACCEPTED | R::MAV_RESULT_IN_PROGRESS => return None,
        R::MAV_RESULT_TEMPORARILY_REJECTED => [
            "暂时不能执行",
            "not now",
            "请稍后再试;查看飞机的提示",
            "try again soon; see what the vehicle says",
        ],
        R::MAV_RESULT_DENIED => ["拒绝执行", "it is denied", "请查看飞机的提示", "see what the vehicle says"],
        R::MAV_RESULT_UNSUPPORTED
        | R::MAV_RESULT_COMMAND_LONG_ONLY
        | R::MAV_RESULT_COMMAND_INT_ONLY
        | R::MAV_RESULT_COMMAND_UNSUPPORTED_MAV_FRAME => {
            ["不支持该指令", "it does not know this command", "请用遥控器操作", "use the remote control"]
        }
        R::MAV_RESULT_FAILED => {
            ["执行失败", "it tried and failed", "请查看飞机的提示", "see what the vehicle says"]
        }
        R::MAV_RESULT_CANCELLED => ["已被取消", "it was cancelled", "请再试一次", "try again"],
        R::MAV_RESULT_NOT_IN_CONTROL => {
            ["本站没有控制权", "this station is not in control", "请先取得控制权", "take control first"]
        }
    };
    let what = Words::new(
        format!("飞机未执行“{}”:{zh}", command.zh),
        format!("the vehicle did not {}: {en}", command.en),
    );
    Some(Fault::new(what, Words::new(mend_zh, mend_en)).coded(format!("{result:?}")))
}

/// Returns silence: nothing came back after all retries.
pub fn silence(what: &Words, tries: u32) -> Fault {
    Fault::new(
        Words::new(
            format!("{}:发送 {tries} 次均无应答", what.zh),
            format!("{}: no answer to {tries} tries", what.en),
        ),
        Words::new("请检查链路;必要时用遥控器接管", "check the link; take over by remote control if need be"),
    )
}
