//! A log reduced while it streams: requests counted by what they ask for and how they end, equal
//! lines folded, a stack trace kept as one piece. Holds no more than some thousand pieces, however
//! long the log is.

mod life;
mod route;

use std::collections::{BTreeMap, HashMap};

use super::fold;
use super::log::{self, Entry, Source, Time};
use super::mask::Masker;
use super::words;
pub use life::{Crash, Life, Scaling};
pub use route::Route;

/// How many pieces are held; beyond that, the older of what tells nothing is given up.
const MOST_PIECES: usize = 4000;

/// How many bytes their texts are: lines of an app may have 10,000.
const MOST_BYTES: usize = 12 * 1024 * 1024;

/// How many pieces are masked in the end; some hundred fit into a brief.
const MOST_MASKED: usize = 800;

/// So many lines are one trace at the most; a JVM's are long.
const LONGEST_TRACE: usize = 300;

/// How often something was seen, and when.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub count: usize,
    pub first: Time,
    pub last: Time,
}

/// A line, or a trace of several, and how often it came.
#[derive(Debug)]
pub struct Piece {
    pub source: Source,
    /// The process of the first.
    pub process: String,
    pub text: String,
    pub seen: Seen,
    /// How many lines it stands for.
    pub lines: usize,
    pub is_error: bool,
    /// What it is a sign of.
    pub sign: Option<&'static str>,
    key: u64,
}

/// All that is known of a log.
#[derive(Debug, Default)]
pub struct Digest {
    /// Lines that were read, and those of them that had the form of a log's.
    pub total: usize,
    pub read: usize,
    pub last: Option<Time>,
    pub pieces: Vec<Piece>,
    pub routes: Vec<Route>,
    pub lives: BTreeMap<String, Life>,
    /// Versions that went live, and those whose release phase began.
    pub releases: Vec<(u32, Time)>,
    pub phases: Vec<(u32, Time)>,
    pub scalings: Vec<Scaling>,
    /// Answers below 500 and others, minute by minute.
    minutes: BTreeMap<i64, (usize, usize)>,
    known: HashMap<u64, usize>,
    known_routes: HashMap<u64, usize>,
    bytes: usize,
    /// What each process says and may go on saying.
    open: HashMap<String, Piece>,
}

impl Seen {
    fn once(at: Time) -> Self {
        Seen {
            count: 1,
            first: at,
            last: at,
        }
    }

    /// Both together.
    pub fn and(self, other: Seen) -> Self {
        Seen {
            count: self.count + other.count,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// All together, if there are any.
    pub fn all(all: impl Iterator<Item = Seen>) -> Option<Self> {
        all.reduce(Seen::and)
    }
}

impl Piece {
    fn new(entry: &Entry) -> Self {
        Piece {
            source: entry.source,
            process: entry.process().to_owned(),
            text: entry.text().to_owned(),
            seen: Seen::once(entry.at),
            lines: 1,
            is_error: false,
            sign: None,
            key: 0,
        }
    }

    /// The type of its process.
    pub fn kind(&self) -> &str {
        log::kind(&self.process)
    }

    /// Whether the app says that something went wrong.
    pub fn is_app_error(&self) -> bool {
        self.is_error && self.source == Source::App
    }

    /// How much it may tell, the smaller, the more: actions, events of dynos, errors, what is near
    /// one of these moments, and the rest.
    pub fn rank(&self, moments: &[Time]) -> u8 {
        const EVENTS: &[&str] = &["Error ", "State changed from", "Process exited with status"];
        let is_near = |at: &Time| (self.seen.first - *at).whole_seconds().abs() <= 60;
        match self.source {
            Source::Api => 0,
            Source::Platform if EVENTS.iter().any(|start| self.text.starts_with(start)) => 0,
            Source::App if self.is_error => 1,
            Source::Addon => 5,
            _ if moments.iter().any(is_near) => 2,
            Source::Platform => 3,
            _ => 4,
        }
    }
}

impl Digest {
    pub fn take(&mut self, entry: &Entry) {
        self.read += 1;
        self.last = self.last.max(Some(entry.at));
        match entry.source {
            Source::Router => return self.request(entry),
            Source::App => return self.output(entry),
            Source::Platform => self.event(entry),
            Source::Api => self.action(entry),
            Source::Addon => {}
        }
        self.fold(Piece::new(entry));
    }

    /// Ends the log. From here on, nothing in it holds a secret.
    pub fn end(&mut self, masker: &mut Masker) {
        self.close_all();
        let moments = self.moments();
        let errors = self.pieces.iter().filter(|it| it.is_app_error());
        let last = errors.max_by_key(|it| it.seen.last).map(|it| it.key);
        self.pieces
            .sort_by_cached_key(|it| (Some(it.key) != last, it.rank(&moments), it.seen.first));
        self.pieces.truncate(MOST_MASKED);
        self.pieces.sort_by_key(|it| it.seen.first);
        self.routes.sort_by_key(|it| it.seen.first);
        for piece in &mut self.pieces {
            piece.text = masker.mask(&piece.text);
            piece.process = masker.mask(&piece.process);
            piece.sign = Some(&*piece.text)
                .filter(|_| matches!(piece.source, Source::App | Source::Addon))
                .and_then(words::sign);
        }
        for route in &mut self.routes {
            for text in [&mut route.path, &mut route.method, &mut route.code] {
                *text = masker.mask(text);
            }
        }
    }

    /// Takes a line of a dyno, which may go on with a trace.
    fn output(&mut self, entry: &Entry) {
        let (process, text) = (entry.process(), entry.text());
        if unprefixed(text).trim().is_empty() {
            return;
        }
        if self.open.len() >= 256 {
            self.close_all();
        }
        let Some(open) = self.open.get_mut(process) else {
            self.open.insert(process.to_owned(), Piece::new(entry));
            return;
        };
        if goes_on(&open.text, text) && (entry.at - open.seen.last).whole_seconds() < 5 {
            open.lines += 1;
            open.seen.last = entry.at;
            if open.lines <= LONGEST_TRACE && open.text.len() < 64 * 1024 {
                open.text.push('\n');
                open.text.push_str(text);
            }
            return;
        }
        let closed = std::mem::replace(open, Piece::new(entry));
        self.fold(closed);
    }

    fn close_all(&mut self) {
        let open = std::mem::take(&mut self.open);
        open.into_values().for_each(|piece| self.fold(piece));
    }

    /// Counts a piece that is known, and keeps one that is new.
    fn fold(&mut self, mut piece: Piece) {
        let is_exact = piece.source == Source::Api || piece.text.starts_with("Process exited");
        let text = if is_exact {
            fold::key(&piece.text)
        } else {
            fold::fingerprint(&piece.text)
        };
        piece.key = fold::key((piece.source, piece.kind(), text));
        if let Some(known) = self
            .known
            .get(&piece.key)
            .map(|index| &mut self.pieces[*index])
        {
            known.seen = known.seen.and(piece.seen);
            known.lines += piece.lines;
            return;
        }
        piece.is_error = match piece.source {
            Source::App => {
                words::has("errors", &piece.text) && !words::has("no errors", &piece.text)
            }
            _ => piece.source == Source::Platform && piece.text.starts_with("Error "),
        };
        if self.pieces.len() >= MOST_PIECES || self.bytes > MOST_BYTES {
            self.make_room();
        }
        self.bytes += piece.text.len();
        self.known.insert(piece.key, self.pieces.len());
        self.pieces.push(piece);
    }

    /// Gives up the older half of what tells nothing; if all tells something, what is in between.
    fn make_room(&mut self) {
        let is_plain = |it: &Piece| !it.is_error && it.source == Source::App;
        let plain = self.pieces.iter().filter(|it| is_plain(it)).count();
        let (mut index, mut passed, all) = (0, 0, self.pieces.len());
        self.pieces.retain(|it| {
            index += 1;
            passed += usize::from(is_plain(it));
            match plain >= all / 4 {
                true => !is_plain(it) || passed > plain / 2,
                false => !(all / 4..=all / 2).contains(&index),
            }
        });
        self.bytes = self.pieces.iter().map(|it| it.text.len()).sum();
        self.known = self
            .pieces
            .iter()
            .enumerate()
            .map(|(index, it)| (it.key, index))
            .collect();
    }

    /// When something happened that lines nearby may explain.
    pub fn moments(&self) -> Vec<Time> {
        let ends = |life: &'_ Life| {
            [
                life.crashes.first().map(|it| it.at),
                life.crashes.last().map(|it| it.at),
            ]
        };
        let crashes = self.lives.values().flat_map(ends).flatten().take(40);
        crashes
            .chain(self.releases.iter().rev().take(10).map(|(_, at)| *at))
            .collect()
    }
}

/// Whether a line belongs to what the same process said before: an indented one, or one of a trace.
/// The Heroku CLI strips leading blanks into a pipe, so that frames are known by their words too.
fn goes_on(open: &str, line: &str) -> bool {
    let line = unprefixed(line);
    // An object of its own, whatever it tells of; and what is printed once more.
    let is_whole = line.starts_with("{\"") && line.ends_with('}');
    let mut beginnings = words::list("beginnings").iter();
    let is_new = is_whole || beginnings.any(|it| line.trim_start().starts_with(it));
    if is_new || open.lines().next() == Some(line) {
        return false;
    }
    if line.starts_with([' ', '\t']) || words::list("frames").iter().any(|it| line.starts_with(it))
    {
        return true;
    }
    let mut lines = open.rsplit('\n').map(str::trim_start);
    let (last, before) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    if line.starts_with("Traceback (most recent") {
        let is_chained = ["During handling of", "The above exception"];
        return is_chained.iter().any(|it| last.starts_with(it))
            || !open.contains("Traceback (most recent") && words::has("errors", last);
    }
    if open.contains("Traceback (most recent call last)") {
        // Behind a frame stands its code, behind the frames the exception.
        let is_frame = ["File \"", "^", "~", "Traceback"]
            .iter()
            .any(|it| last.starts_with(it));
        let is_field = words::has("of a schema", open) && !line.contains(' ');
        return is_field
            || is_frame
            || before.starts_with("File \"") && !before.contains("<frozen");
    }
    if open.starts_with("panic:") || open.contains("\ngoroutine ") {
        return line.contains(".go:") || line.ends_with(')');
    }
    // An object that isn't closed yet.
    if last.ends_with(['[', '{', ',']) || last.ends_with(':') && words::has("introductions", last) {
        return true;
    }
    let is_ruby = |it: &str| it.contains(".rb:") && (it.contains(":in '") || it.contains(":in `"));
    is_ruby(line) && (is_ruby(last) || words::has("errors", open))
}

/// A line without the request's id that Rails puts before each: `[4d6a…] NameError`.
fn unprefixed(line: &str) -> &str {
    let is_id = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    let rest = line.strip_prefix('[').and_then(|it| it.split_once(']'));
    let rest = rest.filter(|(id, _)| id.len() == 36 && id.bytes().all(is_id));
    rest.map_or(line, |(_, rest)| rest.strip_prefix(' ').unwrap_or(rest))
}
