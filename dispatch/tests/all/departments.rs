//! Faults in the list of departments are named by the path of their key.

use dispatch::Departments;

fn check(text: &str, expect: &[&str]) {
    let problems = Departments::from_toml(text).unwrap_err();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages, expect);
}

#[test]
fn every_fault_is_named_with_its_path() {
    check(
        r#"
        [[departments]]
        id = "water"
        name_zh = "水利局"
        name_en = "Water"
        [[departments]]
        id = "Water Bureau"
        name_zh = "水利局"
        name_en = " "
        [[departments]]
        id = "water"
        name_zh = "水利局"
        name_en = "Water"
        "#,
        &[
            "departments[1].id: \"Water Bureau\" is not made of lower-case letters, digits and underscores",
            "departments[1].name_en: is empty",
            "departments[2].id: \"water\" is used by an earlier department",
        ],
    );
}

#[test]
fn empty_list_unknown_key_and_broken_text_are_refused() {
    check("departments = []", &["departments: holds no department"]);
    let problems = Departments::from_toml("[[departments]]\nid = \"a\"\nname = \"b\"\n").unwrap_err();
    assert!(problems[0].path.starts_with("departments[0]"), "{problems:?}");
    assert!(problems[0].message.contains("unknown field `name`"), "{problems:?}");
    let problems = Departments::from_toml("[[departments]]\nid = \n").unwrap_err();
    assert_eq!(problems[0].path, "line 2");
}
