//! Settings from flags, variables and `/set`.

use super::*;

fn of_flags(flags: &[&str]) -> ChatSettings {
    let matches = DEFINITION.clone().try_get_matches_from(flags).unwrap();
    ChatSettings::from_arg_matches(&matches).unwrap()
}

fn shown(settings: &ChatSettings, name: &str) -> String {
    let rows = settings.rows();
    let row = rows.iter().find(|row| row.name == name).unwrap();
    format!("{} from {}", row.value, row.source)
}

#[test]
fn a_flag_wins_over_a_variable_and_the_chat_over_both() {
    let mut settings = of_flags(&["--temperature", "0.5", "--no-stream"]);
    let variable = |name: &str| match name {
        "HEROKU_CHAT_TEMPERATURE" => Some("0.1"),
        "HEROKU_CHAT_TOP_P" => Some("0.2"),
        "HEROKU_CHAT_MARKDOWN" => Some("off"),
        _ => None,
    };
    settings.add_environment(variable).unwrap();
    assert_eq!(shown(&settings, "temperature"), "0.5 from --temperature");
    assert_eq!(shown(&settings, "top_p"), "0.2 from HEROKU_CHAT_TOP_P");
    assert_eq!(shown(&settings, "stream"), "off from --no-stream");
    assert_eq!(shown(&settings, "editmode"), "emacs from default");
    assert_eq!(shown(&settings, "max_tokens"), "not sent from default");
    settings.set("temperature", "0.9").unwrap();
    settings.set("stream", "on").unwrap();
    assert_eq!(shown(&settings, "temperature"), "0.9 from /set");
    let values = settings.values.clone();
    assert_eq!(values.request.temperature, Some(0.9));
    assert!(values.request.stream && !values.markdown);
    settings.set("temperature", "default").unwrap();
    assert_eq!(shown(&settings, "temperature"), "0.5 from --temperature");
    assert_eq!(settings.values.request.temperature, Some(0.5));
}

#[test]
fn a_value_out_of_range_changes_nothing_and_is_told_what_is_taken() {
    let mut settings = of_flags(&[]);
    let table = [
        ("temperature", "2", "a number from 0 to 1"),
        ("max_tokens", "0", "a whole number from 1"),
        ("thinking", "1000", "a whole number from 1024"),
        ("context", "none", "a whole number from 1, or all"),
        ("markdown", "maybe", "on or off"),
        ("editmode", "nano", "emacs or vi"),
    ];
    for (name, value, rule) in table {
        let refused = settings.set(name, value).unwrap_err();
        assert_eq!(refused, rule, "{name}");
        assert_eq!(settings.source(name), Source::Default);
    }
    let nano = |name: &str| (name == "HEROKU_CHAT_EDITMODE").then_some("nano");
    let (variable, value, rule) = settings.add_environment(nano).unwrap_err();
    assert_eq!(
        [&*variable, &*value, &*rule],
        ["HEROKU_CHAT_EDITMODE", "nano", "emacs or vi"]
    );
}

#[test]
fn every_kind_of_text_reaches_its_setting() {
    let mut settings = of_flags(&["--stop", "a", "--stop", "-- b"]);
    assert_eq!(settings.values.request.stop, ["a", "-- b"]);
    settings.set("stop", "--end, with spaces").unwrap();
    assert_eq!(settings.values.request.stop, ["--end, with spaces"]);
    settings.set("context", "7").unwrap();
    assert_eq!(settings.values.request.context, Turns::Last(7));
    settings.set("editmode", "vi").unwrap();
    assert_eq!(settings.values.editmode, EditMode::Vi);
    settings.set("thinking", "2000").unwrap();
    assert_eq!(settings.values.request.thinking, Some(2000));
    assert_eq!(words("editmode"), ["emacs", "vi"]);
    assert_eq!(words("save"), ["on", "off"]);
}

#[test]
fn the_documentation_lists_the_settings() {
    let page = include_str!("../../../docs/settings.md");
    let definition = &*DEFINITION;
    let row = |argument: &Arg| {
        let name = name(argument);
        format!(
            "| `{name}` | {} | `{}` |\n",
            about(argument),
            flag(argument)
        )
    };
    let table: String = definition.get_arguments().map(row).collect();
    assert!(
        page.contains(&table),
        "docs/settings.md should hold:\n{table}"
    );
}
