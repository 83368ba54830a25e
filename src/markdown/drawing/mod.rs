//! Markdown as it streams. Words are placed the moment they come, and each line is drawn as what it
//! is as soon as that can be told. What is drawn is a function of the text, however it was cut: all
//! is decided character by character, and each piece writes the difference.
//!
//! Writes nothing itself and asks the terminal nothing: it only has to know its size.

#[cfg(test)]
mod answers_tests;
mod code;
#[cfg(test)]
mod code_tests;
mod draw;
#[cfg(test)]
mod drawn_tests;
mod entity;
mod flanks;
mod flow;
mod inline;
mod languages;
mod link;
mod links;
#[cfg(test)]
mod properties;
mod recap;
mod rows;
#[cfg(test)]
mod spec_tests;
mod spoken;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod wrap;

use crate::markdown::{Kind, Reader};
use code::{Code, Painter};
use draw::Frame;
use flow::Flow;
pub use recap::last_rows;
use rows::{Row, Rows};
pub use spoken::Spoken;
use style::Style;
use table::Table;

/// On terminals narrower than this, all stays as it comes: there is no room for marks, and a wide
/// character may take a row of its own, so that rows couldn't be counted.
const NARROWEST: usize = 8;

/// An unfinished line longer than this that could still be of several kinds is judged at its end.
const UNDECIDED: usize = 256;

/// Renders Markdown as it streams.
#[derive(Debug)]
pub struct Markdown {
    rows: Rows,
    reader: Reader,
    /// The line that isn't finished, and its first row.
    line: String,
    top: usize,
    state: State,
    /// The paragraph that the line may go on with.
    flow: Option<Flow>,
    /// Lines that may be a table, or are one: its header first.
    table: Option<Table>,
    /// The code of the fence that is open, up to this line.
    code: Code,
    above: Above,
}

/// What the line before is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    /// There is none, or nothing stands in it.
    Blank,
    Text,
    /// Code in a fence, or its marks.
    Code,
}

/// What the unfinished line is known to be.
#[derive(Debug)]
enum State {
    /// Not known: it is drawn again with each character.
    Open,
    /// A line of the paragraph.
    Text,
    /// A heading, as far as it has no closing marks.
    Heading,
    /// A line of code.
    Code(Painter),
}

impl Markdown {
    /// For a terminal of this many columns and rows, with the cursor at the start of a line.
    pub fn new(width: usize, height: usize) -> Self {
        Markdown {
            rows: Rows::new(width, reach(width, height)),
            reader: Reader::default(),
            line: String::new(),
            top: 0,
            state: State::Open,
            flow: None,
            table: None,
            code: Code::default(),
            above: Above::Blank,
        }
    }

    /// For a terminal that opens links itself: their targets needn't be read.
    pub fn with_links(mut self, can_open: bool) -> Self {
        self.rows.links.can_open = can_open;
        self
    }

    /// For a terminal that shows no colours, or whose user wants none.
    pub fn without_colors(mut self) -> Self {
        self.rows.links.is_colorless = true;
        self
    }

    /// Appends what to write now for more text, which has to be free of control characters but line
    /// feed and tab.
    pub fn push(&mut self, text: &str, out: &mut String) {
        self.add(text);
        self.rows.show(out);
        let table = self.table.as_ref().map_or(self.top, |table| table.top);
        let flow = self.flow.as_ref().map_or(self.top, Flow::top);
        self.rows.drop_before(table.min(flow).min(self.top));
    }

    /// Finishes the last line. What was shown ends with a line feed.
    pub fn end(&mut self, out: &mut String) {
        if !self.line.is_empty() {
            self.finish_line();
        }
        self.rows.end(out);
        self.rows.drop_before(usize::MAX);
        (self.flow, self.table) = (None, None);
        (self.top, self.reader) = (self.rows.count(), Reader::default());
        self.above = Above::Blank;
    }

    /// The terminal may have another size. If it has, the next word begins a row.
    pub fn resize(&mut self, width: usize, height: usize) {
        let reach = reach(width, height);
        if self.rows.resize(width, reach) {
            self.freeze();
        }
    }

    /// What is shown stays as it is: the cursor may be anywhere.
    pub fn freeze(&mut self) {
        self.rows.freeze_all();
        if let Some(flow) = &mut self.flow {
            flow.end_row();
        }
    }

    /// The column of the cursor, if it is sure and has room for a character.
    pub fn cursor(&self) -> Option<usize> {
        self.rows.cursor()
    }

    /// A whole text as it is on the screen once it came.
    pub fn whole(mut self, text: &str) -> String {
        let mut out = String::new();
        self.add(text);
        self.end(&mut out);
        out
    }

    fn add(&mut self, text: &str) {
        for character in text.chars() {
            if character == '\n' {
                self.finish_line();
            } else {
                self.line.push(character);
                self.go_on(character);
            }
        }
    }

    /// Draws one more character of the line.
    fn go_on(&mut self, character: char) {
        let can_draw = self.can_draw();
        match (&mut self.state, &mut self.flow) {
            (State::Text | State::Heading, Some(flow)) => flow.push(character, &mut self.rows),
            (State::Code(painter), _) => painter.push(character, &mut self.rows),
            _ if self.line.len() > UNDECIDED || !can_draw => {
                if self.rows.count() == self.top {
                    self.rows.push(Row::new("", 0, 0));
                }
                draw::verbatim(character, Style::PLAIN, 0, &mut self.rows);
            }
            _ => self.draw_open_line(),
        }
    }

    /// Whether the line can be drawn as what it is, and again.
    fn can_draw(&self) -> bool {
        self.rows.can_change() && !self.rows.is_frozen(self.top)
    }

    /// Draws what the line is by now.
    fn draw_open_line(&mut self) {
        let line = self.line.clone();
        let mut reader = self.reader.clone();
        let read = reader.read(&line);
        let frame = Frame::new(reader.containers(), read.fresh, self.rows.width);
        let gap = Frame::around(reader.containers(), read.fresh, self.rows.width);
        self.clear(&read.kind, read.fresh, &gap);
        match &read.kind {
            Kind::Text { text, indent } if is_decided(text) => {
                let frame = frame.indented(*indent);
                self.begin_text(text, &frame, Style::PLAIN, read.continues);
                self.state = State::Text;
            }
            Kind::Heading { level, text } if is_decided(text) => {
                self.begin_text(text, &frame, draw::heading(*level), false);
                self.state = State::Heading;
            }
            Kind::Fenced(code) if !code.trim().is_empty() => {
                let painter = self.paint(code, &frame);
                if !code.trim_start().starts_with(['`', '~']) {
                    self.state = State::Code(painter);
                }
            }
            kind => frame.draw(kind, &mut self.rows),
        }
    }

    /// Takes back what is shown of the line, and sets code apart from the text around it.
    fn clear(&mut self, kind: &Kind<'_>, fresh: usize, gap: &Frame) {
        self.rows.truncate(self.top);
        let follows_code = match kind {
            Kind::Fenced(_) | Kind::FenceEnd => false,
            Kind::Blank if fresh == 0 => false,
            _ => self.above == Above::Code,
        };
        let begins_code = self.above == Above::Text && matches!(kind, Kind::FenceStart { .. });
        if follows_code || begins_code {
            gap.draw(&Kind::Blank, &mut self.rows);
        }
        // However the line goes on, it is no code. But a line that opens a fence may become text.
        if follows_code {
            (self.top, self.above) = (self.rows.count(), Above::Blank);
        }
    }

    /// Draws a line of code.
    fn paint(&mut self, code: &str, frame: &Frame) -> Painter {
        frame.begin(0, &mut self.rows);
        let mut painter = Painter::new(self.code.clone(), frame.indent(), &self.rows);
        code.chars()
            .for_each(|character| painter.push(character, &mut self.rows));
        painter
    }

    /// Draws the line as one of a paragraph.
    fn begin_text(&mut self, text: &str, frame: &Frame, base: Style, continues: bool) {
        self.rows.truncate(self.top);
        let flow = match &mut self.flow {
            Some(flow) if continues => {
                flow.begin_line(frame, &mut self.rows);
                flow
            }
            flow => flow.insert(Flow::new(frame, base, &mut self.rows)),
        };
        for character in text.chars() {
            flow.push(character, &mut self.rows);
        }
    }

    fn finish_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let read = self.reader.read(&line);
        let frame = Frame::new(self.reader.containers(), read.fresh, self.rows.width);
        let state = std::mem::replace(&mut self.state, State::Open);
        let can_draw = self.can_draw() || line.is_empty();
        let is_drawn = match read.kind {
            Kind::Text { .. } => matches!(state, State::Text),
            Kind::Fenced(_) => matches!(state, State::Code(_)),
            Kind::Underline { .. } => true,
            Kind::Heading { .. } => {
                matches!(state, State::Heading) && !line.trim_end().ends_with('#')
            }
            _ => false,
        };
        if can_draw && !is_drawn {
            let gap = Frame::around(self.reader.containers(), read.fresh, self.rows.width);
            self.clear(&read.kind, read.fresh, &gap);
        }
        self.above = match &read.kind {
            Kind::Blank if read.fresh == 0 => Above::Blank,
            Kind::FenceStart { .. } | Kind::Fenced(_) | Kind::FenceEnd => Above::Code,
            _ => Above::Text,
        };
        let mut flow = None;
        if !matches!(read.kind, Kind::Text { .. }) {
            (flow, self.table) = (self.flow.take(), None);
        }
        match &read.kind {
            Kind::Text { text, indent } => {
                let redraws = can_draw && !is_drawn;
                self.finish_text(text, *indent, frame, read.continues, is_drawn, redraws);
            }
            Kind::Underline { level, .. } => {
                if let Some(flow) = flow.filter(|_| can_draw) {
                    self.rows.truncate(self.top);
                    flow.emphasize(draw::heading(*level), &mut self.rows);
                }
            }
            Kind::Heading { .. } if is_drawn => {
                if let Some(mut flow) = flow {
                    flow.end_line(&mut self.rows);
                }
            }
            Kind::Fenced(code) => match state {
                State::Code(painter) => self.code = painter.end(code, &mut self.rows),
                _ if can_draw => self.code = self.paint(code, &frame).end(code, &mut self.rows),
                _ => self.code.read_line(code, |_, _| {}),
            },
            kind => {
                if let Kind::FenceStart { label } = kind {
                    let has_colors = !self.rows.links.is_colorless;
                    self.code = if has_colors {
                        Code::new(label)
                    } else {
                        Code::default()
                    };
                }
                if can_draw {
                    frame.draw(kind, &mut self.rows);
                }
            }
        }
        self.top = self.rows.count();
    }

    /// Finishes a line of text, which is drawn as one already, can be drawn, or stands as it came.
    fn finish_text(
        &mut self,
        text: &str,
        indent: usize,
        frame: Frame,
        continues: bool,
        is_drawn: bool,
        can_draw: bool,
    ) {
        if !continues {
            self.table = None;
        }
        if self.draw_row(text, &frame) {
            return;
        }
        if can_draw {
            let frame = frame.indented(indent);
            self.begin_text(text, &frame, Style::PLAIN, continues);
        } else if !is_drawn {
            // The paragraph ended above.
            self.flow = None;
        }
        if let Some(flow) = &mut self.flow {
            flow.end_line(&mut self.rows);
        }
        self.table = Table::begin(text, frame, self.top);
    }

    /// Draws a line as a row of a table, if it is one.
    fn draw_row(&mut self, text: &str, frame: &Frame) -> bool {
        let Some(table) = &mut self.table else {
            return false;
        };
        if !table.takes(text, &self.rows) {
            return false;
        }
        // A row that can't be written over stays as it came.
        let is_drawn =
            self.rows.is_frozen(self.top) || table.draw(text, frame, self.top, &mut self.rows);
        if is_drawn {
            self.flow = None;
        }
        is_drawn
    }
}

/// The rows of the terminal that can surely be written over.
fn reach(width: usize, height: usize) -> usize {
    if width < NARROWEST {
        0
    } else {
        height.saturating_sub(2)
    }
}

/// Whether a line of text will be one however it goes on.
fn is_decided(text: &str) -> bool {
    let is_box = text.starts_with('[') && text.len() < 4;
    let is_note = text.strip_prefix("[^").is_some_and(|label| {
        let end = label.find([']', ' ']);
        end.is_none_or(|end| matches!(&label[end..], "]" | "]:"))
    });
    let may_be_mark = |first: char| "-+*_#>=~`$\\[<".contains(first);
    let is_text = text.contains(char::is_alphabetic) || !text.starts_with(may_be_mark);
    let is_number = text
        .trim_end_matches(['.', ')'])
        .bytes()
        .all(|it| it.is_ascii_digit());
    is_text && !is_number && !is_box && !is_note
}
