//! The rows that are on the screen and may still change, and what to write so that they are there.

use super::links::Links;
use super::style::{Style, char_width, take_colors};

/// What stands between two line ends of ours. One that is longer than the terminal is wide takes
/// several rows there, and is copied from it as one line.
#[derive(Debug)]
pub struct Row {
    /// With its styles, the last of which is open.
    pub text: String,
    pub end: End,
    /// Bytes of what stands before its text.
    frame: usize,
    /// How far it stays as it is when its text is drawn again.
    fixed: End,
    /// Where in the text of its paragraph it begins, behind what is fixed.
    start: usize,
    /// Bytes of its text that are as they were when it was last shown.
    same: usize,
    /// Where it was cut since.
    kept: Option<End>,
    /// Whether all terminals agree on its columns.
    is_certain: bool,
}

/// What is shown of a row.
#[derive(Clone, Copy, Debug)]
struct Shown {
    length: usize,
    style: Style,
    height: usize,
}

/// The state of a row where it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Bytes of its text.
    length: usize,
    style: Style,
    /// The column of the cursor, and the terminal's rows before its own.
    pub column: usize,
    above: usize,
}

/// Rows from the first that may change to the one with the cursor.
#[derive(Debug)]
pub struct Rows {
    pub width: usize,
    /// Where their links lead.
    pub links: Links,
    /// The terminal's rows that can be written over.
    reach: usize,
    rows: Vec<Row>,
    /// Rows that were dropped: they are complete. All indexes count from the first ever.
    dropped: usize,
    /// The first row that can be written over.
    frozen: usize,
    /// What the terminal shows of `rows`.
    shown: Vec<Shown>,
    /// The first row that may differ from what is shown.
    changed: usize,
    /// Whether the cursor is in the last of them, and not in an empty row below.
    is_in_row: bool,
}

impl Row {
    /// A row that begins with a frame.
    pub fn new(frame: &str, indent: usize, start: usize) -> Self {
        let end = End {
            length: frame.len(),
            column: indent,
            ..End::default()
        };
        Row {
            text: frame.to_owned(),
            frame: frame.len(),
            end,
            fixed: end,
            start,
            same: 0,
            kept: None,
            is_certain: true,
        }
    }

    /// Appends a character, which the terminal puts into its next row if it has no room in this.
    pub fn put(&mut self, character: char, style: Style, width: usize) {
        if style != self.end.style {
            self.end.style.close(&mut self.text);
            style.open(&mut self.text);
            self.end.style = style;
        }
        self.text.push(character);
        let columns = char_width(character);
        self.is_certain &=
            columns > 0 && !matches!(character, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
        self.end.column += columns;
        if self.end.column > width && columns <= width {
            self.end.above += 1;
            self.end.column = columns;
        }
        self.end.length = self.text.len();
    }

    /// Whether nothing stands in it but its frame.
    pub fn is_bare(&self) -> bool {
        self.text.len() == self.frame
    }

    /// Takes back what was put since.
    pub fn cut(&mut self, end: End) {
        self.text.truncate(end.length);
        if end.length <= self.same {
            (self.same, self.kept) = (end.length, Some(end));
        }
        self.end = end;
    }

    /// Takes back what isn't fixed, and tells what it was.
    pub fn begin_again(&mut self) -> (String, usize) {
        let was = (self.text.clone(), self.same);
        self.cut(self.fixed);
        was
    }

    /// What came out as it was isn't written again.
    pub fn compare(&mut self, (was, same): &(String, usize)) {
        let equal = was
            .bytes()
            .zip(self.text.bytes())
            .take_while(|(was, is)| was == is);
        let equal = self.text.floor_char_boundary(equal.count());
        (self.same, self.kept) = (equal.min(*same), None);
    }

    /// Draws what isn't fixed again.
    fn redraw(&mut self, draw: impl FnOnce(&mut Self)) {
        let was = self.begin_again();
        draw(self);
        self.compare(&was);
    }

    /// What it holds is fixed, and what comes begins here in its paragraph.
    pub fn settle(&mut self, start: usize) {
        (self.fixed, self.start) = (self.end, start);
    }

    /// Adds a style to all that follows the frame.
    pub fn restyle(&mut self, style: Style) {
        self.close();
        let (mut open, mut close) = (String::new(), String::new());
        style.open(&mut open);
        Style::BOLD.close(&mut close);
        let rest = self.text.split_off(self.frame);
        let styled = rest.replace(&close, &format!("{close}{open}"));
        self.text.extend([open, styled, close]);
        (self.same, self.kept) = (0, None);
        self.end.length = self.text.len();
        self.end.style = Style::PLAIN;
    }

    /// Ends its last style.
    pub fn close(&mut self) {
        self.end.style.close(&mut self.text);
        (self.end.style, self.end.length) = (Style::PLAIN, self.text.len());
    }

    fn height(&self) -> usize {
        self.end.above + 1
    }

    /// The place up to which it is as it was, if the cursor can be put there.
    fn kept(&self, width: usize) -> Option<End> {
        let is_place = |kept: &End| kept.length == self.same && kept.column < width;
        self.kept.filter(is_place).filter(|_| self.is_certain)
    }
}

impl End {
    /// Erases from here on, with the cursor at the end of a row of such a height.
    fn go_to(self, height: usize, out: &mut String) {
        out.push('\r');
        for (count, code) in [(height - 1 - self.above, 'A'), (self.column, 'C')] {
            if count > 0 {
                out.push_str(&format!("\x1b[{count}{code}"));
            }
        }
        out.push_str("\x1b[J");
    }

    pub fn is_first_row(self) -> bool {
        self.above == 0
    }
}

impl Rows {
    pub fn new(width: usize, reach: usize) -> Self {
        Rows {
            width,
            links: Links::default(),
            reach,
            rows: Vec::new(),
            dropped: 0,
            frozen: 0,
            shown: Vec::new(),
            changed: 0,
            is_in_row: false,
        }
    }

    /// How many there are, with those that were dropped.
    pub fn count(&self) -> usize {
        self.dropped + self.rows.len()
    }

    /// Whether anything can be written over.
    pub fn can_change(&self) -> bool {
        self.reach > 0
    }

    pub fn is_frozen(&self, row: usize) -> bool {
        row < self.frozen
    }

    /// A row that wasn't dropped.
    pub fn get(&mut self, row: usize) -> &mut Row {
        self.changed = self.changed.min(row);
        &mut self.rows[row - self.dropped]
    }

    /// Where in its paragraph a row begins.
    pub fn start(&self, row: usize) -> usize {
        self.rows[row - self.dropped].start
    }

    pub fn last(&self) -> Option<&Row> {
        self.rows.last()
    }

    pub fn push(&mut self, row: Row) {
        self.changed = self.changed.min(self.count());
        self.rows.push(row);
        self.freeze();
    }

    /// Takes back the rows from this one on, as far as they can be written over.
    pub fn truncate(&mut self, count: usize) {
        let count = count.max(self.frozen);
        if count < self.count() {
            self.rows.truncate(count - self.dropped);
            self.changed = self.changed.min(count);
        }
    }

    /// Appends a character to the last row.
    pub fn put(&mut self, character: char, style: Style) {
        if self.rows.is_empty() {
            self.push(Row::new("", 0, 0));
        }
        let (last, width) = (self.count() - 1, self.width);
        let row = self.get(last);
        let height = row.height();
        row.put(character, style, width);
        if row.height() > height || !row.is_certain {
            self.freeze_around(last);
        }
    }

    /// Draws again what isn't fixed of a row.
    pub fn redraw(&mut self, row: usize, draw: impl FnOnce(&mut Row)) {
        self.get(row).redraw(draw);
        self.freeze_around(row);
    }

    /// A row was drawn. If it isn't sure how many of the terminal's rows it takes, nothing can be
    /// written over any more.
    fn freeze_around(&mut self, row: usize) {
        let row = &self.rows[row - self.dropped];
        if row.height() > 1 && !row.is_certain {
            self.frozen = self.count();
        } else {
            self.freeze();
        }
    }

    /// What is above the reach stays as it is now.
    fn freeze(&mut self) {
        let live = &self.rows[self.frozen - self.dropped..];
        let mut live: usize = live.iter().map(Row::height).sum();
        while live > self.reach {
            live -= self.rows[self.frozen - self.dropped].height();
            self.frozen += 1;
        }
    }

    /// Has another size from now on, and says whether it is another.
    pub fn resize(&mut self, width: usize, reach: usize) -> bool {
        let is_other = (self.width, self.reach) != (width, reach);
        (self.width, self.reach) = (width, reach);
        is_other
    }

    /// All that is shown stays as it is.
    pub fn freeze_all(&mut self) {
        self.frozen = self.count();
    }

    /// Writes what makes the terminal show these rows.
    pub fn show(&mut self, out: &mut String) {
        let from = out.len();
        self.show_changes(out);
        if self.links.is_colorless {
            take_colors(out, from);
        }
        if self.links.has_targets() {
            let written = out.split_off(from);
            self.links.write(&written, out);
        }
    }

    fn show_changes(&mut self, out: &mut String) {
        let mut first = self.changed.max(self.dropped) - self.dropped;
        let is_same =
            |row: &Row, shown: &Shown| (row.text.len(), row.same) == (shown.length, shown.length);
        let both = self.rows.iter().zip(&self.shown).skip(first);
        first += both.take_while(|(row, shown)| is_same(row, shown)).count();
        let mut next = first;
        if first < self.shown.len() {
            let shown = self.shown[first];
            let is_last = first + 1 == self.shown.len() && self.is_in_row;
            let row = self.rows.get(first).filter(|_| is_last);
            let kept = row.and_then(|row| Some((row, row.kept(self.width)?)));
            if let Some(row) = row.filter(|row| row.same >= shown.length) {
                // The style was ended with what is shown, and goes on.
                shown.style.open(out);
                out.push_str(&row.text[shown.length..]);
                row.end.style.close(out);
                next += 1;
            } else if let Some((row, kept)) = kept {
                kept.go_to(shown.height, out);
                kept.style.open(out);
                out.push_str(&row.text[kept.length..]);
                row.end.style.close(out);
                next += 1;
            } else {
                let rows: usize = self.shown[first..].iter().map(|shown| shown.height).sum();
                let up = rows - usize::from(self.is_in_row);
                out.push('\r');
                if up > 0 {
                    out.push_str(&format!("\x1b[{up}A"));
                }
                out.push_str("\x1b[J");
                self.is_in_row = false;
            }
        }
        for row in &self.rows[next.min(self.rows.len())..] {
            if self.is_in_row {
                out.push('\n');
            }
            out.push_str(&row.text);
            row.end.style.close(out);
            self.is_in_row = true;
        }
        self.shown.truncate(first);
        for row in &mut self.rows[self.shown.len()..] {
            row.same = row.text.len();
            self.shown.push(Shown {
                length: row.text.len(),
                style: row.end.style,
                height: row.height(),
            });
        }
        self.changed = self.count();
    }

    /// The column of the cursor, if it is sure and has room for a character.
    pub fn cursor(&self) -> Option<usize> {
        if !self.is_in_row {
            return Some(0);
        }
        let has_room = |row: &&Row| row.is_certain && row.end.column < self.width;
        Some(self.rows.last().filter(has_room)?.end.column)
    }

    /// Ends the last row on the screen.
    pub fn end(&mut self, out: &mut String) {
        self.show(out);
        if std::mem::take(&mut self.is_in_row) {
            out.push('\n');
        }
    }

    /// The rows, each with its columns.
    pub fn into_texts(self) -> Vec<(String, usize)> {
        let texts = self.rows.into_iter().map(|mut row| {
            row.close();
            (row.text, row.end.column)
        });
        texts.collect()
    }

    /// Drops the rows that are shown and don't change: those before this one, and those above the
    /// reach.
    pub fn drop_before(&mut self, row: usize) {
        let last = self.count().saturating_sub(1);
        let row = row.max(self.frozen.min(last)).max(self.dropped);
        let count = row.min(self.count()) - self.dropped;
        self.rows.drain(..count);
        self.shown.drain(..count);
        self.dropped += count;
        self.frozen = self.frozen.max(self.dropped);
    }
}
