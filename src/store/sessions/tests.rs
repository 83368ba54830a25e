//! Sessions on a real disk: what is saved is there again, whatever happened in between.

use super::*;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use serde_json::json;

use crate::conversation::{Conversation, Cost, Message};
use crate::store::notice::Notice;
use crate::store::{Record, Restored};

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
    let usage = json!({"prompt_tokens": 10, "details": {"cached": 3}});
    let cost = Cost {
        model: "m".into(),
        usage: serde_json::from_value(usage).unwrap(),
    };
    Message {
        cost: Some(cost),
        ..Message::new(Role::Assistant, text)
    }
}

/// A conversation that is saved.
struct Open {
    session: Session,
    conversation: Conversation,
    record: Record,
    costs: Vec<Cost>,
}

impl Open {
    fn new(session: Session, restored: Restored) -> Self {
        let Restored {
            conversation,
            record,
            costs,
            ..
        } = restored;
        Open {
            session,
            conversation,
            record,
            costs,
        }
    }

    fn named(sessions: &Sessions, name: &str) -> Self {
        let Opened { session, restored } = sessions.open(name).unwrap();
        Open::new(session, restored)
    }

    fn try_save(&mut self, model: &str) -> io::Result<()> {
        self.record
            .add(&mut self.conversation, model, SystemTime::now());
        self.session.save(&self.record)
    }

    fn save(&mut self) {
        self.try_save("m").unwrap();
    }

    /// A turn that isn't saved yet.
    fn add(&mut self, text: &str) {
        let answer = answer(&format!("re: {text}"));
        self.costs.extend(answer.cost.clone());
        self.conversation.extend(vec![prompt(text), answer]);
    }

    fn say(&mut self, text: &str) {
        self.add(text);
        self.save();
    }
}

/// A session with these prompts added, each saved with its answer.
fn saved(sessions: &Sessions, name: &str, prompts: &[&str]) -> Open {
    let mut open = Open::named(sessions, name);
    prompts.iter().for_each(|text| open.say(text));
    open
}

/// The prompts of a session as they are loaded.
fn prompts(sessions: &Sessions, name: &str) -> Vec<String> {
    let restored = sessions.load(name).unwrap();
    let messages = restored.conversation.messages();
    let prompts = messages.iter().filter(|it| it.role == Role::User);
    prompts.map(|message| message.content.clone()).collect()
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
    let mut open = Open::new(sessions.create(), Restored::default());
    open.conversation.set_system(Some("be brief".into()));
    open.save();
    assert!(
        !sessions.folder.exists(),
        "nothing is made before the first turn"
    );

    open.say("Explain dynos");
    let half = Message {
        cut: true,
        ..Message::new(Role::Assistant, "Wel")
    };
    open.conversation.extend(vec![prompt("And?"), half]);
    open.try_save("another").unwrap();
    let name = open.session.name().unwrap();
    assert!(name.ends_with("-explain-dynos"), "{name}");

    let restored = sessions.load(&name).unwrap();
    let messages = restored.conversation.messages();
    assert_eq!(messages, open.conversation.messages());
    assert_eq!(restored.conversation.system(), Some("be brief"));
    assert_eq!(restored.model.as_deref(), Some("another"));
    assert_eq!((restored.costs, restored.notices), (open.costs, Vec::new()));
}

/// What can happen in a conversation between two saves.
#[derive(Clone, Debug)]
enum Step {
    Say(u8),
    /// With a call and its result between prompt and answer.
    Call,
    Retry(u8),
    /// Asked again, and no answer came.
    RetryInVain,
    GoOn,
    /// An attempt without an answer.
    Spend,
    Undo,
    System(u8),
    Model(u8),
    Clear,
    /// The process ends, and another continues.
    Reopen,
    /// Not saved now: it is later.
    Unsaved(Box<Step>),
}

/// Does it, as the chat does. Returns whether it is saved.
fn happen(step: &Step, open: &mut Open, model: &mut String, sessions: &Sessions) -> bool {
    let taken = |open: &mut Open| open.conversation.take_turn();
    match step {
        Step::Say(number) => open.add(&format!("prompt {number}")),
        Step::Call => {
            let call = Message {
                calls: vec![crate::conversation::Call::new("c", "ps", "{}")],
                ..answer("")
            };
            let result = Message {
                call_id: Some("c".into()),
                ..Message::new(Role::Tool, "up")
            };
            let turn = vec![prompt("Up?"), call, result, answer("Yes.")];
            let costs = turn.iter().filter_map(|message| message.cost.clone());
            open.costs.extend(costs);
            open.conversation.extend(turn);
        }
        Step::Retry(number) => {
            if let Some(turn) = taken(open) {
                let again = answer(&format!("again {number}"));
                open.costs.extend(again.cost.clone());
                open.conversation.extend(vec![turn.prompt().clone(), again]);
            }
        }
        Step::RetryInVain => {
            if let Some(turn) = taken(open) {
                open.conversation.push(turn.prompt().clone());
                drop(taken(open));
                open.conversation.put_back(turn);
            }
        }
        Step::GoOn => {
            if let Some(turn) = taken(open) {
                let more = answer(" and more");
                open.costs.extend(more.cost.clone());
                open.conversation.extend(turn.continued(more, 0));
            }
        }
        Step::Spend => {
            let spent = answer("").cost;
            open.costs.extend(spent.clone());
            open.conversation.spend(Vec::from_iter(spent));
        }
        Step::Undo => drop(taken(open)),
        Step::System(0) => open.conversation.set_system(None),
        Step::System(number) => open
            .conversation
            .set_system(Some(format!("system {number}"))),
        Step::Model(number) => *model = format!("model {number}"),
        Step::Clear => {
            open.conversation.clear();
            let conversation = std::mem::take(&mut open.conversation);
            *open = Open::new(sessions.create(), Restored::default());
            open.conversation = conversation;
        }
        Step::Reopen => {
            open.try_save(model).unwrap();
            if let Some(name) = open.session.name() {
                *open = Open::new(sessions.create(), Restored::default());
                *open = Open::named(sessions, &name);
            }
        }
        Step::Unsaved(step) => {
            happen(step, open, model, sessions);
            return matches!(**step, Step::Clear | Step::Reopen);
        }
    }
    true
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<u8>().prop_map(Step::Say),
        2 => Just(Step::Call),
        2 => any::<u8>().prop_map(Step::Retry),
        1 => Just(Step::RetryInVain),
        2 => Just(Step::GoOn),
        1 => Just(Step::Spend),
        4 => Just(Step::Undo),
        1 => (0_u8..3).prop_map(Step::System),
        1 => (0_u8..3).prop_map(Step::Model),
        1 => Just(Step::Clear),
        2 => Just(Step::Reopen),
    ];
    let unsaved = step.clone().prop_map(|step| Step::Unsaved(Box::new(step)));
    proptest::collection::vec(prop_oneof![4 => step, 1 => unsaved], 0..25)
}

proptest! {
    // Each works on a disk.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(4)))]

    #[test]
    fn whatever_happens_is_loaded_as_it_is_in_memory(steps in steps()) {
        let (_folder, sessions) = sessions();
        let mut open = Open::named(&sessions, "k");
        let mut model = "m".to_owned();
        for step in steps.iter().chain([&Step::Reopen]) {
            // A turn that was never saved and is gone already took tokens that no file knows of.
            if !happen(step, &mut open, &mut model, &sessions) {
                open.record.add(&mut open.conversation, &model, SystemTime::now());
                continue;
            }
            open.try_save(&model).unwrap();
            if !open.session.is_written() {
                continue;
            }
            let restored = sessions.load(&open.session.name().unwrap()).unwrap();
            prop_assert_eq!(restored.conversation.messages(), open.conversation.messages());
            prop_assert_eq!(restored.conversation.system(), open.conversation.system());
            prop_assert_eq!(&restored.costs, &open.costs);
            prop_assert_eq!(restored.model.as_ref(), Some(&model));
            prop_assert_eq!(&restored.record.lines, &open.record.lines);
            prop_assert!(restored.notices.is_empty());
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_loads_and_goes_on() {
    let (_folder, sessions) = sessions();
    let mut whole = saved(&sessions, "whole", &["one", "zwei €"]);
    let turn = whole.conversation.take_turn().unwrap();
    let again = vec![turn.prompt().clone(), answer("again")];
    whole.conversation.extend(again);
    whole.save();
    let bytes = fs::read(file(&sessions, "whole")).unwrap();
    // A line is whole with its last brace.
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
    for end in 0..=bytes.len() {
        fs::write(file(&sessions, "k"), &bytes[..end]).unwrap();
        let whole = ends.iter().filter(|line_end| **line_end <= end).count();
        let turns = whole.saturating_sub(1);
        let left = &["one", "zwei €"][..turns.min(2)];
        let is_torn = end > 0 && bytes[end - 1] != b'\n' && !ends.contains(&end);
        let restored = sessions.load("k").unwrap();
        assert_eq!(prompts(&sessions, "k"), left, "cut at {end}");
        assert_eq!(restored.costs.len(), turns, "cut at {end}");
        let notice = is_torn.then_some(Notice::TurnInFlight);
        assert_eq!(restored.notices, Vec::from_iter(notice), "cut at {end}");

        drop(saved(&sessions, "k", &["next"]));
        let again = sessions.load("k").unwrap();
        assert_eq!(again.notices, [], "cut at {end}");
        assert_eq!(again.costs.len(), turns + 1, "cut at {end}");
        let all = [left, &["next"]].concat();
        assert_eq!(prompts(&sessions, "k"), all, "cut at {end}");
        let summary = sessions.summary("k").unwrap();
        assert!(summary.started.is_some(), "cut at {end}");
    }
}

#[test]
fn a_file_with_any_byte_damaged_loads_and_goes_on() {
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "whole", &["one", "two", "three"]));
    let bytes = fs::read(file(&sessions, "whole")).unwrap();
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    for index in header..bytes.len() {
        let damage = [b'\n', 0xff, b'"'][index % 3];
        let mut damaged = bytes.clone();
        damaged[index] = damage;
        fs::write(file(&sessions, "k"), &damaged).unwrap();
        let before = prompts(&sessions, "k");
        // If a line end is gone, the line is part of two turns.
        let lost = if bytes[index] == b'\n' { 2 } else { 1 };
        assert!(before.len() + lost >= 3, "{index} {damage}: {before:?}");
        drop(saved(&sessions, "k", &["four"]));
        let all = [before, vec!["four".to_owned()]].concat();
        assert_eq!(prompts(&sessions, "k"), all, "{index} {damage}");
        // What is taken back is the turn that was meant.
        let mut open = Open::named(&sessions, "k");
        drop((open.conversation.take_turn(), open.conversation.take_turn()));
        open.save();
        let left = sessions.load("k").unwrap().conversation;
        let expected = open.conversation.messages();
        assert_eq!(left.messages(), expected, "{index} {damage}");
    }
}

#[test]
fn unreadable_lines_are_counted_and_told() {
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "k", &["one", "two", "three"]));
    let damaged = text(&file(&sessions, "k"))
        .replace("\"one\"", "\"on")
        .replace("\"re: two\"", "re: two");
    fs::write(file(&sessions, "k"), damaged).unwrap();
    let restored = sessions.load("k").unwrap();
    assert_eq!(restored.notices, [Notice::Unreadable(2)]);
    assert_eq!(prompts(&sessions, "k"), ["three"]);
    assert_eq!(
        restored.notices[0].to_string(),
        "2 lines of the session's file can't be read; their turns are left out"
    );
}

#[test]
fn a_file_of_another_version_is_neither_read_nor_written() {
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "k", &["one"]));
    let text_of = |version| text(&file(&sessions, "k")).replacen(":2,", version, 1);
    for (version, reason) in [(":3,", "newer"), (":1,", "early")] {
        let (_folder, others) = self::sessions();
        fs::create_dir_all(&others.folder).unwrap();
        let other = text_of(version);
        fs::write(file(&others, "k"), &other).unwrap();
        let error = others.open("k").unwrap_err().explain();
        assert!(error.detail.unwrap().contains(reason));
        assert!(matches!(others.latest(), Err(Error::NothingToContinue)));
        let listing = others.list().unwrap();
        let listed = (listing.sessions.len(), listing.unreadable);
        assert_eq!(listed, (0, vec!["k".to_owned()]));
        assert_eq!(text(&file(&others, "k")), other);
    }
}

#[test]
fn what_a_later_program_wrote_survives_whatever_is_written() {
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "k", &["one"]));
    let path = file(&sessions, "k");
    let later = text(&path).replace("\"time\"", "\"mood\":[1.50,1e400],\"time\"");
    let later = later + "{\"mood\": \"fine\"}\n";
    // The last byte is torn off, so that the file has to be mended, too.
    fs::write(&path, &later[..later.len() - 1]).unwrap();
    let mut open = Open::named(&sessions, "k");
    open.session.rename("renamed").unwrap();
    open.say("two");
    assert!(text(&file(&sessions, "renamed")).starts_with(&later));
    fs::remove_file(file(&sessions, "renamed")).unwrap();
    open.session.rename("anew").unwrap();
    open.save();
    assert!(text(&file(&sessions, "anew")).starts_with(&later));
    assert_eq!(prompts(&sessions, "anew"), ["one", "two"]);
}

#[test]
fn a_session_in_use_is_refused_and_can_be_read() {
    let (_folder, sessions) = sessions();
    let first = saved(&sessions, "k", &["one"]);
    let refused = sessions.open("k").map(|_| ());
    assert!(matches!(refused, Err(Error::SessionInUse(_))));
    assert!(matches!(sessions.delete("k"), Err(Error::SessionInUse(_))));
    assert_eq!(prompts(&sessions, "k"), ["one"]);
    assert_eq!(
        sessions.list().unwrap().sessions.len(),
        1,
        "lists look at open sessions, too"
    );
    drop(first);
    drop(saved(&sessions, "k", &["two"]));
    assert_eq!(prompts(&sessions, "k"), ["one", "two"]);
}

#[test]
fn two_that_begin_under_one_name_at_once_do_not_meet() {
    let (_folder, sessions) = sessions();
    let mut opened = [(); 3].map(|()| Open::named(&sessions, "k"));
    opened.iter_mut().for_each(|open| open.say("hi"));
    let names = opened.each_ref().map(|open| open.session.name().unwrap());
    assert_eq!(names, ["k", "k-2", "k-3"]);
    let taken = Notice::NameTaken {
        wanted: "k".into(),
        name: "k-3".into(),
    };
    let notices = opened.each_mut().map(|open| open.session.take_notices());
    assert_eq!((&notices[0], &notices[2]), (&Vec::new(), &vec![taken]));
    assert_eq!(opened[2].session.take_notices(), []);
}

#[test]
fn a_session_gets_another_name_and_never_anothers() {
    let (_folder, sessions) = sessions();
    drop(saved(&sessions, "taken", &["old"]));
    let mut open = Open::new(sessions.create(), Restored::default());
    let taken = open.session.rename("taken");
    assert!(matches!(taken, Err(Error::SessionExists(_))));
    let invalid = open.session.rename("a/b");
    assert!(matches!(invalid, Err(Error::InvalidValue { .. })));
    open.session.rename("early").unwrap();
    open.say("one");
    let taken = open.session.rename("taken");
    assert!(matches!(taken, Err(Error::SessionExists(_))));
    open.session.rename("late").unwrap();
    open.session.rename("late").unwrap();
    open.say("two");
    let mut names = sessions.names().unwrap();
    names.sort();
    assert_eq!(names, ["late", "taken"]);
    assert_eq!(prompts(&sessions, "late"), ["one", "two"]);
    assert_eq!(prompts(&sessions, "taken"), ["old"]);
    assert!(
        matches!(sessions.delete("late"), Err(Error::SessionInUse(_))),
        "the lock goes with the name"
    );
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let (folder, sessions) = sessions();
    fs::write(folder.path().join("sessions"), "in the way").unwrap();
    let mut open = Open::named(&sessions, "k");
    open.add("one");
    open.try_save("m").unwrap_err();
    open.add("two");
    open.try_save("m").unwrap_err();
    open.conversation.take_turn();
    open.try_save("m").unwrap_err();
    fs::remove_file(folder.path().join("sessions")).unwrap();
    open.say("three");
    assert_eq!(prompts(&sessions, "k"), ["one", "three"]);
    assert_eq!(sessions.load("k").unwrap().costs, open.costs);
}

#[test]
fn no_turn_goes_into_a_file_that_another_program_changed() {
    type Change = fn(&Path, &str);
    let changes: [(&str, Change); 6] = [
        ("emptied", |path, _| fs::write(path, "").unwrap()),
        ("cut at its end", |path, text| {
            fs::write(path, text.trim_end()).unwrap()
        }),
        ("cut in its middle", |path, text| {
            fs::write(path, &text[..40]).unwrap()
        }),
        ("unfinished", |path, text| {
            fs::write(path, format!("{text}{{")).unwrap()
        }),
        ("deleted", |path, _| fs::remove_file(path).unwrap()),
        ("replaced", |path, text| {
            fs::rename(path, path.with_extension("old")).unwrap();
            fs::write(path, text).unwrap();
        }),
    ];
    for (label, change) in changes {
        let (_folder, sessions) = sessions();
        let mut open = saved(&sessions, "k", &["one"]);
        change(&file(&sessions, "k"), &text(&file(&sessions, "k")));
        open.add("two");
        open.try_save("m").unwrap_err();
        assert!(open.session.lost().is_some(), "{label}");
        open.session.rename("again").unwrap();
        open.save();
        assert_eq!(prompts(&sessions, "again"), ["one", "two"], "{label}");
        assert_eq!(sessions.load("again").unwrap().costs, open.costs, "{label}");
    }
}

#[test]
fn names_are_found_by_their_beginning_and_slips_are_mended() {
    let (_folder, sessions) = sessions();
    for name in ["release", "release-notes", "dynos"] {
        drop(saved(&sessions, name, &["x"]));
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
        (error.title.as_str(), error.hints[0].sentence.as_str()),
        (
            "there is no session \"dinos\"",
            "Did you mean dynos? Look at all"
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
    let mut open = Open::named(&sessions, "k");
    for number in 0..1000 {
        open.say(&format!("turn {number}, which says a few words"));
    }
    let saved = file(&sessions, "k").metadata().unwrap().len();
    let payload = serde_json::to_vec(open.conversation.messages()).unwrap();
    let payload = payload.len() as u64;
    assert!(
        saved * 2 <= payload * 3,
        "{saved} bytes saved for a payload of {payload}"
    );
}

#[test]
fn another_process_may_add_to_a_file_that_cannot_be_locked() {
    // Without locks, lines behind what was read are somebody's turns.
    let (_folder, sessions) = sessions();
    let mut other = saved(&sessions, "theirs", &["theirs"]);
    let theirs = text(&file(&sessions, "theirs"));
    let theirs = theirs.split_inclusive('\n').nth(1).unwrap().to_owned();
    let mut ours = saved(&sessions, "k", &["one"]);
    let file = OpenOptions::new().append(true).open(file(&sessions, "k"));
    file.unwrap().write_all(theirs.as_bytes()).unwrap();
    ours.say("ours");
    ours.say("more");
    assert_eq!(prompts(&sessions, "k"), ["one", "theirs", "ours", "more"]);
    other.say("again");
}
