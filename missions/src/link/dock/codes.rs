//! Result codes of docks in words, with what to do.

use crate::link::{Fault, Words};

const TABLE: &str = include_str!("codes.txt");

/// Returns what a result code means and how to mend it. A code that no document lists says so with its number.
pub fn fault(code: i64) -> Fault {
    let found = rows().find(|row| row.code == code);
    let (what, step) = match found {
        Some(row) => (Words::new(row.zh, row.en), row.step),
        None => (
            Words::new(
                format!("设备返回未公布的错误码 {code}"),
                format!("the dock gave the code {code}, which no document lists"),
            ),
            "report",
        ),
    };
    Fault::new(what, mend(step)).coded(code.to_string())
}

/// Tells whether a code is in the table.
pub fn is_known(code: i64) -> bool {
    rows().any(|row| row.code == code)
}

/// What a dock answers to a start of what it flies already: our earlier try arrived.
pub const RUNNING: i64 = 321_257;

struct Row {
    code: i64,
    step: &'static str,
    zh: &'static str,
    en: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter_map(|line| {
        let mut cells = line.split('|');
        let code = cells.next()?.parse().ok()?;
        Some(Row { code, step: cells.next()?, zh: cells.next()?, en: cells.next()? })
    })
}

/// What to do, by the name of the step in the table.
const STEPS: [(&str, &str, &str); 27] = [
    ("retry", "请稍后重试", "try again a little later"),
    (
        "restart",
        "请重试;若仍失败,请重启机场后再试",
        "try again; if it stays so, restart the dock and try once more",
    ),
    ("wait", "请等待其完成后重试", "wait until that is over, then try again"),
    ("state", "请检查飞行器状态后重试", "look at the state of the aircraft, then try again"),
    (
        "plan",
        "请用 flyonce mission check 检查航线并修改",
        "look at the plan with flyonce mission check and change it",
    ),
    (
        "restartplan",
        "请从头重新起飞,不要从断点继续",
        "launch the plan from its beginning, not from where it broke off",
    ),
    ("zone", "请修改航线避开限飞区,或申请解禁", "lead the plan around the zone, or get leave to fly there"),
    ("battery", "请充电至 50% 以上后再飞", "charge the battery above 50 % before the next flight"),
    (
        "pad",
        "请到现场检查:飞行器在停机坪正中、机头朝箭头方向、推杆与触点无异物",
        "go to the dock: the aircraft in the middle of the pad, nose along the arrow, rods and contacts clear",
    ),
    (
        "site",
        "请看直播画面或到现场确认飞行器是否安全",
        "see by the live picture or on site whether the aircraft is safe",
    ),
    ("cover", "请清除舱盖上的异物;若仍失败,请重启机场", "clear the cover; if it stays so, restart the dock"),
    (
        "control",
        "请收回或关闭占用控制权的遥控器后重试",
        "release or switch off the remote controller that holds the aircraft, then try again",
    ),
    ("link", "请确认飞行器已开机并与机场连接", "see that the aircraft is on and linked to its dock"),
    ("button", "确认现场安全后松开急停按钮", "release the emergency stop once the place is safe"),
    ("network", "请检查机场网络后重试", "check the network of the dock, then try again"),
    (
        "resource",
        "请确认机场能访问航线文件地址(--resource-url)",
        "see that the dock can reach the address of the plan (--resource-url)",
    ),
    ("certificate", "请检查证书与机场时间", "check the certificate and the clock of the dock"),
    ("clock", "请为机场和服务器设置同一时间服务器(NTP)", "give dock and server the same time server (NTP)"),
    ("firmware", "请升级机场固件", "update the firmware of the dock"),
    ("storage", "请等待媒体上传完成或清理存储", "wait until pictures are uploaded, or clear the storage"),
    ("weather", "请等天气好转后再飞", "wait for better weather"),
    ("power", "请恢复机场供电", "restore the power of the dock"),
    ("debug", "请退出调试模式后重试", "leave debugging, then try again"),
    (
        "look",
        "为安全起见不要从断点继续;请查明障碍物",
        "for safety do not go on from there; find out what is in the way",
    ),
    ("running", "无需重复操作", "nothing to repeat"),
    ("support", "若重试仍失败,请联系厂家", "if it stays so, ask the maker"),
    ("none", "无需操作", "nothing to do"),
];

fn mend(step: &str) -> Words {
    let found = STEPS.iter().find(|(name, ..)| *name == step);
    found.map_or_else(
        || {
            Words::new(
                "请记下编号并查看机场日志;若重复出现,请联系厂家",
                "note the number and look into the logs of the dock; if it comes again, ask the maker",
            )
        },
        |(_, zh, en)| Words::new(*zh, *en),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_whole_and_its_step_is_known() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        let codes: BTreeSet<i64> = rows().map(|row| row.code).collect();
        assert_eq!((rows().count(), codes.len()), (lines, lines));
        for row in rows() {
            assert!(row.step == "report" || STEPS.iter().any(|(name, ..)| *name == row.step), "{}", row.step);
            assert!(row.en.is_ascii() || row.en.contains('°'), "{}", row.en);
            assert!(!row.zh.is_ascii(), "{}", row.code);
        }
    }

    #[test]
    fn what_operators_ask_about_is_told_in_words() {
        assert!(fault(314_004).what.en.contains("did not take the task"));
        assert!(fault(316_026).mend.en.contains("emergency stop"));
    }

    #[test]
    fn a_code_that_no_document_lists_says_so_with_its_number() {
        let unknown = fault(987_654);
        assert!(unknown.what.en.contains("987654") && unknown.what.zh.contains("987654"));
        assert_eq!(unknown.code.as_deref(), Some("987654"));
        assert!(!is_known(987_654));
    }
}
