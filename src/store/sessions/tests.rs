//! Sessions on a real disk: what is saved is there again, whatever happened in between.

use super::*;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::conversation::{Conversation, Cost, Message};
use crate::store::record;

fn sessions() -> (TempDir, Sessions) {
    let folder = TempDir::new().unwrap();
    let sessions = Sessions {
        folder: folder.path().join("sessions"),
    };
    (folder, sessions)
}

fn prompt(text: &str) -> Message {
    Message::prompt(text, Vec::new())
}

fn answer(text: &str) -> Message {
    let cost = Cost {
        model: "m".into(),
        prompt_tokens: Some(10),
        completion_tokens: Some(2),
    };
    Message {
        cost: Some(cost),
        ..Message::new(Role::Assistant, text)
    }
}

fn say(conversation: &mut Conversation, text: &str) {
    conversation.push(prompt(text));
    conversation.push(answer(&format!("re: {text}")));
}

/// A session of these prompts, each saved with its answer.
fn saved(sessions: &Sessions, name: &str, prompts: &[&str]) -> Session {
    let Opened {
        mut session,
        restored,
    } = sessions.open(name).unwrap();
    let mut conversation = restored.conversation;
    for text in prompts {
        say(&mut conversation, text);
        session.save(&mut conversation, "m").unwrap();
    }
    session
}

/// The prompts of a session as they are loaded.
fn prompts(sessions: &Sessions, name: &str) -> Vec<String> {
    let restored = sessions.load(name).unwrap();
    restored
        .conversation
        .messages()
        .iter()
        .step_by(2)
        .map(|message| message.content.clone())
        .collect()
}

fn file(sessions: &Sessions, name: &str) -> PathBuf {
    file_of(&sessions.folder, name)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_was_said_is_there_again() {
    let (_folder, sessions) = sessions();
    let mut session = sessions.create();
    let mut conversation = Conversation::default();
    conversation.set_system(Some("be brief".into()));
    session.save(&mut conversation, "m").unwrap();
    assert!(
        !sessions.folder.exists(),
        "nothing is made before the first message"
    );

    say(&mut conversation, "Explain dynos");
    session.save(&mut conversation, "m").unwrap();
    conversation.push(prompt("And?"));
    conversation.push(Message {
        cut: true,
        ..Message::new(Role::Assistant, "Wel")
    });
    session.save(&mut conversation, "another").unwrap();
    let name = session.name().unwrap();
    assert!(name.ends_with("-explain-dynos"), "{name}");
    drop(session);

    let restored = sessions.load(&name).unwrap();
    assert_eq!(restored.conversation.messages(), conversation.messages());
    assert_eq!(restored.conversation.system(), Some("be brief"));
    assert_eq!(restored.conversation.saved(), 4);
    assert_eq!(
        (restored.model.as_deref(), restored.costs.len()),
        (Some("another"), 1)
    );
    assert_eq!(restored.notices, []);
}

#[test]
fn only_what_changed_is_written() {
    let (_folder, sessions) = sessions();
    let Opened { mut session, .. } = sessions.open("k").unwrap();
    let mut conversation = Conversation::default();
    let mut written = 0;
    let mut save = |conversation: &mut Conversation, model| {
        session.save(conversation, model).unwrap();
        let all = text(&file(&sessions, "k"));
        let new = all[written..].to_owned();
        written = all.len();
        new
    };
    say(&mut conversation, "one");
    say(&mut conversation, "two");
    assert_eq!(
        save(&mut conversation, "m").lines().count(),
        6,
        "header, model, four messages"
    );
    assert_eq!(save(&mut conversation, "m"), "");
    conversation.set_system(Some("s".into()));
    assert_eq!(
        save(&mut conversation, "n"),
        "{\"system\":\"s\"}\n{\"model\":\"n\"}\n"
    );
    conversation.set_system(None);
    conversation.take_turn();
    assert_eq!(
        save(&mut conversation, "n"),
        "{\"keep\":2}\n{\"system\":\"\"}\n"
    );
    conversation.clear();
    assert_eq!(save(&mut conversation, "n"), "{\"keep\":0}\n");
    say(&mut conversation, "three");
    let turn = save(&mut conversation, "m");
    assert!(
        turn.starts_with("{\"role\":\"user\",\"content\":\"three\"}\n{\"model\":\"m\"}\n"),
        "{turn}"
    );
    assert_eq!(prompts(&sessions, "k"), ["three"]);
}

#[test]
fn an_answer_is_paid_for_once_and_also_when_it_was_taken_back() {
    let (_folder, sessions) = sessions();
    let mut session = saved(&sessions, "k", &["one", "two"]);
    let mut conversation = sessions.load("k").unwrap().conversation;
    // A retry that fails puts the turn back, one that works replaces it.
    let (asked, answered) = conversation.take_turn().unwrap();
    conversation.put_back(asked.clone(), answered);
    session.save(&mut conversation, "m").unwrap();
    assert_eq!(sessions.load("k").unwrap().costs.len(), 2);
    conversation.take_turn();
    conversation.put_back(asked, Some(answer("another")));
    session.save(&mut conversation, "m").unwrap();
    let restored = sessions.load("k").unwrap();
    assert_eq!(
        (restored.costs.len(), restored.conversation.messages().len()),
        (3, 4)
    );
    assert_eq!(restored.conversation.messages(), conversation.messages());
}

#[test]
fn a_file_cut_at_any_byte_loads_and_goes_on() {
    let (_folder, sessions) = sessions();
    saved(&sessions, "whole", &["one", "zwei €"]);
    let bytes = fs::read(file(&sessions, "whole")).unwrap();
    for end in 0..=bytes.len() {
        let cut = &bytes[..end];
        fs::write(file(&sessions, "k"), cut).unwrap();
        // A line is whole with its last brace.
        let count = |start: &[u8]| {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            let ends = lines.scan(0, |before, line| {
                *before += line.len();
                Some((*before - 1, line))
            });
            ends.filter(|(last, line)| *last <= end && line.starts_with(start))
                .count()
        };
        let (asked, answered) = (
            count(b"{\"role\":\"user\""),
            count(b"{\"role\":\"assistant\""),
        );
        let is_torn = !matches!(cut.last(), None | Some(b'\n')) && bytes.get(end) != Some(&b'\n');
        let restored = sessions.load("k").unwrap();
        assert_eq!(restored.conversation.turns(), answered, "cut at {end}");
        let expected = if is_torn || asked > answered {
            vec![Notice::TurnInFlight]
        } else {
            Vec::new()
        };
        assert_eq!(restored.notices, expected, "cut at {end}");

        saved(&sessions, "k", &["next"]);
        let all = [&["one", "zwei €"][..answered], &["next"]].concat();
        assert_eq!(prompts(&sessions, "k"), all, "cut at {end}");
        let again = sessions.load("k").unwrap();
        assert_eq!(
            (again.notices, again.costs.len()),
            (Vec::new(), all.len()),
            "cut at {end}"
        );
        assert!(
            sessions.summary("k").unwrap().started.is_some(),
            "cut at {end}"
        );
    }
}

#[test]
fn a_file_with_any_byte_damaged_loads_and_goes_on() {
    let (_folder, sessions) = sessions();
    saved(&sessions, "whole", &["one", "two", "three"]);
    let bytes = fs::read(file(&sessions, "whole")).unwrap();
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    for (index, damage) in
        (header..bytes.len()).flat_map(|index| [b'\n', 0xff, b'"'].map(|damage| (index, damage)))
    {
        let mut damaged = bytes.clone();
        damaged[index] = damage;
        fs::write(file(&sessions, "k"), &damaged).unwrap();
        let before = prompts(&sessions, "k");
        // Where a line end is gone, the line is part of two turns.
        let lost = if bytes[index] == b'\n' { 2 } else { 1 };
        assert!(before.len() + lost >= 3, "{index} {damage}: {before:?}");
        saved(&sessions, "k", &["four"]);
        assert_eq!(
            prompts(&sessions, "k"),
            [before, vec!["four".to_owned()]].concat(),
            "{index} {damage}"
        );
        // What is taken back is the turn that was meant.
        let Opened {
            mut session,
            restored,
        } = sessions.open("k").unwrap();
        let mut conversation = restored.conversation;
        conversation.take_turn();
        conversation.take_turn();
        let left = conversation.messages().to_vec();
        session.save(&mut conversation, "m").unwrap();
        assert_eq!(
            sessions.load("k").unwrap().conversation.messages(),
            left,
            "{index} {damage}"
        );
    }
}

#[test]
fn unreadable_lines_are_counted_and_told() {
    let (_folder, sessions) = sessions();
    saved(&sessions, "k", &["one", "two"]);
    let damaged = text(&file(&sessions, "k"))
        .replace("\"one\"", "\"on")
        .replace("\"re: two\"", "re: two");
    fs::write(file(&sessions, "k"), damaged).unwrap();
    let restored = sessions.load("k").unwrap();
    assert_eq!(restored.notices, [Notice::Unreadable(2)]);
    assert_eq!(restored.conversation.messages(), []);
    assert_eq!(
        restored.notices[0].to_string(),
        "2 lines of the session's file can't be read; their turns are left out"
    );
}

#[test]
fn a_newer_file_is_neither_read_nor_written() {
    let (_folder, sessions) = sessions();
    saved(&sessions, "k", &["one"]);
    let newer = text(&file(&sessions, "k")).replacen(":1,", ":2,", 1);
    fs::write(file(&sessions, "k"), &newer).unwrap();
    let error = sessions.open("k").unwrap_err().explain();
    assert!(error.detail.unwrap().contains("newer heroku-chat"));
    assert!(matches!(sessions.latest(), Err(Error::NothingToContinue)));
    let listing = sessions.list().unwrap();
    assert_eq!(
        (listing.sessions.len(), listing.unreadable),
        (0, vec!["k".to_owned()])
    );
    assert_eq!(text(&file(&sessions, "k")), newer);
}

#[test]
fn a_session_in_use_goes_on_in_a_copy_that_has_it_all() {
    let (_folder, sessions) = sessions();
    let _first = saved(&sessions, "k", &["one"]);
    let Opened {
        mut session,
        restored,
    } = sessions.open("k").unwrap();
    let reason = CopyReason::InUse;
    assert_eq!(
        restored.notices,
        [Notice::Copied {
            name: "k".into(),
            copy: "k-2".into(),
            reason
        }]
    );
    let mut conversation = restored.conversation;
    session.save(&mut conversation, "m").unwrap();
    assert!(
        !file(&sessions, "k-2").exists(),
        "nothing was said in it yet"
    );
    say(&mut conversation, "two");
    session.save(&mut conversation, "m").unwrap();
    assert_eq!(
        (prompts(&sessions, "k"), prompts(&sessions, "k-2")),
        (vec!["one".into()], vec!["one".into(), "two".into()])
    );
    assert_eq!(sessions.load("k-2").unwrap().costs.len(), 2);
    assert!(matches!(sessions.delete("k"), Err(Error::SessionInUse(_))));
    assert_eq!(
        sessions.list().unwrap().sessions.len(),
        2,
        "lists look at open sessions, too"
    );
}

#[test]
fn two_that_begin_under_one_name_at_once_do_not_meet() {
    let (_folder, sessions) = sessions();
    let mut opened = [
        sessions.open("k").unwrap(),
        sessions.open("k").unwrap(),
        sessions.open("k").unwrap(),
    ];
    for (index, Opened { session, restored }) in opened.iter_mut().enumerate() {
        say(&mut restored.conversation, &index.to_string());
        session.save(&mut restored.conversation, "m").unwrap();
    }
    let names: Vec<String> = opened
        .iter()
        .filter_map(|opened| opened.session.name())
        .collect();
    assert_eq!(names, ["k", "k-2", "k-3"]);
    assert_eq!(opened[0].session.take_notices(), []);
    let taken = Notice::NameTaken {
        wanted: "k".into(),
        name: "k-3".into(),
    };
    assert_eq!(
        (
            opened[2].session.take_notices(),
            opened[2].session.take_notices()
        ),
        (vec![taken], Vec::new())
    );
}

#[test]
fn a_session_gets_another_name_and_never_anothers() {
    let (_folder, sessions) = sessions();
    let mut session = sessions.create();
    drop(saved(&sessions, "taken", &["old"]));
    assert!(matches!(
        session.rename("taken"),
        Err(Error::SessionExists(_))
    ));
    assert!(matches!(
        session.rename("a/b"),
        Err(Error::InvalidValue { .. })
    ));
    session.rename("early").unwrap();
    let mut conversation = Conversation::default();
    say(&mut conversation, "one");
    session.save(&mut conversation, "m").unwrap();
    assert!(matches!(
        session.rename("taken"),
        Err(Error::SessionExists(_))
    ));
    session.rename("late").unwrap();
    session.rename("late").unwrap();
    say(&mut conversation, "two");
    session.save(&mut conversation, "m").unwrap();
    let mut names = sessions.names().unwrap();
    names.sort();
    assert_eq!(names, ["late", "taken"]);
    assert_eq!(
        (prompts(&sessions, "late"), prompts(&sessions, "taken")),
        (vec!["one".into(), "two".into()], vec!["old".into()])
    );
    assert!(
        matches!(sessions.delete("late"), Err(Error::SessionInUse(_))),
        "the lock goes with the name"
    );
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let (folder, sessions) = sessions();
    fs::write(folder.path().join("sessions"), "in the way").unwrap();
    let mut session = sessions.create();
    session.rename("k").unwrap();
    let mut conversation = Conversation::default();
    say(&mut conversation, "one");
    session.save(&mut conversation, "m").unwrap_err();
    say(&mut conversation, "two");
    session.save(&mut conversation, "m").unwrap_err();
    assert_eq!(conversation.saved(), 0);
    fs::remove_file(folder.path().join("sessions")).unwrap();
    session.save(&mut conversation, "m").unwrap();
    assert_eq!(prompts(&sessions, "k"), ["one", "two"]);
}

#[test]
fn names_are_found_by_their_beginning_and_slips_are_mended() {
    let (_folder, sessions) = sessions();
    for name in ["release", "release-notes", "dynos"] {
        saved(&sessions, name, &["x"]);
    }
    assert_eq!(sessions.find("dy").unwrap(), "dynos");
    assert_eq!(
        sessions.find("release").unwrap(),
        "release",
        "a whole name is no beginning of another"
    );
    assert!(
        matches!(sessions.find("rel"), Err(Error::SeveralSessions { names, .. }) if names.len() == 2)
    );
    let error = sessions.find("dinos").unwrap_err().explain();
    assert_eq!(
        (error.title.as_str(), error.hint.as_deref()),
        (
            "there is no session \"dinos\"",
            Some("Did you mean dynos? All of them:")
        )
    );
    assert!(matches!(
        sessions.load("../x"),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn the_list_has_the_newest_first_and_no_foreign_files() {
    let (_folder, sessions) = sessions();
    for (name, seconds) in [("old", 1_000), ("new", 3_000), ("middle", 2_000)] {
        drop(saved(&sessions, name, &["What is\ta dyno?\nmore", "two"]));
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        OpenOptions::new()
            .append(true)
            .open(file(&sessions, name))
            .unwrap()
            .set_modified(changed)
            .unwrap();
    }
    fs::write(sessions.folder.join("notes.txt"), "x").unwrap();
    fs::write(sessions.folder.join("blank.jsonl"), "").unwrap();
    fs::create_dir(sessions.folder.join("folder.jsonl")).unwrap();
    let listing = sessions.list().unwrap();
    let names: Vec<&str> = listing
        .sessions
        .iter()
        .map(|summary| summary.name.as_str())
        .collect();
    assert_eq!(
        (names, listing.unreadable),
        (vec!["new", "middle", "old"], Vec::new())
    );
    assert_eq!(sessions.latest().unwrap(), "new");
    let row = listing.sessions[0].row(SystemTime::UNIX_EPOCH + Duration::from_secs(3_000 + 7_200));
    assert_eq!(row, ["new", "2 h ago", "2", "m", "What is a dyno?"]);
}

#[test]
fn all_words_have_to_occur_in_one_message() {
    let (_folder, sessions) = sessions();
    drop(saved(
        &sessions,
        "k",
        &[
            "first line\nthe DYNO has memory\nlast",
            "a dyno",
            "ÜBER memory",
        ],
    ));
    let search = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        sessions
            .search(&words)
            .unwrap()
            .into_iter()
            .map(|found| found.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        search(&["memory", "dyno"]),
        ["the DYNO has memory", "the DYNO has memory"]
    );
    assert_eq!(search(&["über"]), ["ÜBER memory", "re: ÜBER memory"]);
    assert_eq!(search(&["dyno", "über"]), [""; 0]);
}

#[test]
fn a_thousand_turns_cost_little_more_than_they_are() {
    let (_folder, sessions) = sessions();
    let Opened { mut session, .. } = sessions.open("k").unwrap();
    let mut conversation = Conversation::default();
    for number in 0..1000 {
        let text = format!("turn {number}");
        conversation.push(prompt(&text));
        let cost = Cost {
            model: "sandbox-echo".into(),
            prompt_tokens: Some(4 * number),
            completion_tokens: Some(2),
        };
        conversation.push(Message {
            cost: Some(cost),
            ..Message::new(Role::Assistant, text)
        });
        session.save(&mut conversation, "sandbox-echo").unwrap();
    }
    let saved = file(&sessions, "k").metadata().unwrap().len();
    let payload: Vec<_> = conversation
        .messages()
        .iter()
        .map(|m| serde_json::json!({"role": m.role, "content": m.content}))
        .collect();
    let payload = serde_json::to_vec(&payload).unwrap().len() as u64;
    assert!(
        saved * 2 <= payload * 3,
        "{saved} bytes saved for a payload of {payload}"
    );
}

#[test]
fn another_process_may_add_to_a_file_that_cannot_be_locked() {
    // Without locks, bytes behind what was read are somebody's turns and no torn line.
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "k", &["one"]));
    let Opened {
        mut session,
        restored,
    } = sessions.open("k").unwrap();
    let mut other = OpenOptions::new()
        .append(true)
        .open(file(&sessions, "k"))
        .unwrap();
    other
        .write_all(
            &[
                record::message(&prompt("theirs")),
                record::message(&answer("yes")),
            ]
            .concat(),
        )
        .unwrap();
    let mut conversation = restored.conversation;
    say(&mut conversation, "ours");
    session.save(&mut conversation, "m").unwrap();
    assert_eq!(prompts(&sessions, "k"), ["one", "theirs", "ours"]);
}

#[test]
fn no_turn_goes_into_a_file_that_another_program_changed() {
    type Change = fn(&Path, &str);
    let changes: [(&str, Change); 6] = [
        ("emptied", |path, _| std::fs::write(path, "").unwrap()),
        ("cut at its end", |path, text| {
            std::fs::write(path, text.trim_end()).unwrap()
        }),
        ("cut in its middle", |path, text| {
            std::fs::write(path, &text[..40]).unwrap()
        }),
        ("unfinished", |path, text| {
            std::fs::write(path, format!("{text}{{")).unwrap()
        }),
        ("deleted", |path, _| std::fs::remove_file(path).unwrap()),
        ("replaced", |path, text| {
            std::fs::write(path.with_extension("new"), text).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }),
    ];
    for (label, change) in changes {
        let (_folder, sessions) = sessions();
        let mut session = saved(&sessions, "k", &["one"]);
        let mut conversation = sessions.load("k").unwrap().conversation;
        change(&file(&sessions, "k"), &text(&file(&sessions, "k")));
        say(&mut conversation, "two");
        let failed = session.save(&mut conversation, "m");
        assert!(failed.is_err(), "{label}");
        session.rename("again").unwrap();
        session.insist();
        session.save(&mut conversation, "m").unwrap();
        assert_eq!(prompts(&sessions, "again"), ["one", "two"], "{label}");
    }
}
