//! A terminal's screen as an SVG picture: a window with the text in it, in its colours.

use std::fmt::Write;

use vt100::{Color, Screen};

const BACKGROUND: Rgb = [0x16, 0x18, 0x1d];
const FOREGROUND: Rgb = [0xe4, 0xe6, 0xeb];
/// What is left of a colour's distance to the background when it is dim.
const DIM: f32 = 0.62;

/// Black to white, then the bright ones; all but the two blacks are readable on the background.
#[rustfmt::skip]
const PALETTE: [Rgb; 16] = [
    [0x3a, 0x3f, 0x4b], [0xff, 0x7b, 0x85], [0x8f, 0xd1, 0x8a], [0xe9, 0xc4, 0x6a],
    [0x7f, 0xb2, 0xff], [0xd9, 0xa1, 0xf5], [0x6f, 0xd3, 0xd8], [0xd0, 0xd4, 0xdc],
    [0x7d, 0x85, 0x95], [0xff, 0x9d, 0xa4], [0xa9, 0xe3, 0xa4], [0xf3, 0xd5, 0x8f],
    [0xa5, 0xca, 0xff], [0xe6, 0xbf, 0xfa], [0x98, 0xe4, 0xe8], [0xff, 0xff, 0xff],
];

/// The same on a light ground, where the viewer prefers one, and the window around it.
const LIGHT_BACKGROUND: Rgb = [0xff, 0xff, 0xff];
const LIGHT_FOREGROUND: Rgb = [0x1f, 0x23, 0x28];
#[rustfmt::skip]
const LIGHT_PALETTE: [Rgb; 16] = [
    [0x24, 0x29, 0x2f], [0xcf, 0x22, 0x2e], [0x11, 0x63, 0x29], [0x7d, 0x4e, 0x00],
    [0x09, 0x69, 0xda], [0x82, 0x50, 0xdf], [0x1b, 0x7c, 0x83], [0x6e, 0x77, 0x81],
    [0x57, 0x60, 0x6a], [0xa4, 0x0e, 0x26], [0x1a, 0x7f, 0x37], [0x63, 0x3c, 0x01],
    [0x21, 0x8b, 0xff], [0xa4, 0x75, 0xf9], [0x31, 0x92, 0xaa], [0x8c, 0x95, 0x9f],
];
const WINDOW: [(Rgb, Rgb); 3] = [
    ([0x26, 0x2a, 0x32], [0xee, 0xf0, 0xf3]),
    ([0x4a, 0x50, 0x5c], [0xd0, 0xd7, 0xde]),
    ([0xbe, 0xc0, 0xc6], [0x57, 0x60, 0x6a]),
];

/// In pixels, at a font of 14.
const CELL: (f32, f32) = (8.4, 20.0);
const PADDING: f32 = 18.0;
const BAR: f32 = 34.0;

type Rgb = [u8; 3];

/// How a cell looks.
#[derive(Clone, Copy, PartialEq)]
struct Style {
    ink: Rgb,
    paper: Rgb,
    bold: bool,
    italic: bool,
    underline: bool,
}

/// Neighbouring cells of one style, without a gap that a viewer of SVG would close.
struct Run {
    text: String,
    column: u16,
    columns: u16,
    style: Style,
}

/// Draws the screen; `steady` replaces what differs from one run of the program to the next. If
/// that makes a row longer or shorter, its styles stay in their columns.
pub fn picture(
    screen: &Screen,
    title: &str,
    description: &str,
    steady: impl Fn(&str) -> String,
) -> String {
    let (rows, columns) = size(screen);
    let (cursor, cursor_column) = screen.cursor_position();
    let rows: Vec<Vec<Run>> = (0..rows).map(|row| runs(screen, row, &steady)).collect();
    let last = rows.iter().rposition(|runs| !runs.is_empty()).unwrap_or(0);
    let width = 2.0 * PADDING + f32::from(columns) * CELL.0;
    let height = top(last.max(cursor.into())) + CELL.1 + PADDING - 4.0;
    let mut svg = frame(width, height, title, description);
    if !screen.hide_cursor() {
        let (x, y) = (left(cursor_column), top(cursor.into()));
        svg += &format!(
            "<rect opacity=\"0.7\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"18\"/>\n",
            CELL.0
        );
    }
    for (row, runs) in rows.iter().enumerate() {
        runs.iter().for_each(|run| draw(&mut svg, run, top(row)));
    }
    let style = format!("</desc>\n{}", light(&svg));
    svg.replacen("</desc>\n", &style, 1) + "</svg>\n"
}

/// The colours that a picture has, for a viewer who prefers a light ground.
fn light(svg: &str) -> String {
    let inks = [(FOREGROUND, LIGHT_FOREGROUND)].into_iter();
    let inks: Vec<_> = inks.chain(PALETTE.into_iter().zip(LIGHT_PALETTE)).collect();
    let dim = |(dark, light): &(Rgb, Rgb)| {
        let grounds = (BACKGROUND, LIGHT_BACKGROUND);
        (dimmed(*dark, grounds.0), dimmed(*light, grounds.1))
    };
    let dims: Vec<_> = inks.iter().map(dim).collect();
    let all = [(BACKGROUND, LIGHT_BACKGROUND)].into_iter().chain(WINDOW);
    let mut style = "<style>@media (prefers-color-scheme: light) {\n".to_owned();
    for (dark, light) in all.chain(inks).chain(dims) {
        for name in ["fill", "stroke"] {
            let attribute = format!("{name}=\"{}\"", hex(dark));
            if svg.contains(&attribute) {
                style += &format!("[{attribute}] {{ {name}: {} }}\n", hex(light));
            }
        }
    }
    style + "}</style>\n"
}

/// A dim ink on its paper.
fn dimmed(ink: Rgb, paper: Rgb) -> Rgb {
    let mixed = |at: usize| f32::from(ink[at]) * DIM + f32::from(paper[at]) * (1.0 - DIM);
    [0, 1, 2].map(|at| mixed(at).round() as u8)
}

/// The window, with its bar, buttons and title.
fn frame(width: f32, height: f32, title: &str, description: &str) -> String {
    let (across, down) = (width - 1.0, height - 1.0);
    let (title, description) = (escaped(title), escaped(description));
    let (background, foreground) = (hex(BACKGROUND), hex(FOREGROUND));
    let (middle, corner) = (width / 2.0, width - 10.5);
    let edge = format!("x=\"0.5\" y=\"0.5\" width=\"{across}\" height=\"{down}\" rx=\"10\"");
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"
  role="img" aria-labelledby="title desc" font-size="14" fill="{foreground}"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">
<title id="title">{title}</title>
<desc id="desc">{description}</desc>
<rect fill="{background}" {edge}/>
<path fill="#262a32" d="M.5 {BAR}V10.5a10 10 0 0 1 10-10H{corner}a10 10 0 0 1 10 10V{BAR}z"/>
<rect fill="none" stroke="#4a505c" {edge}/>
<circle cx="24" cy="17" r="6" fill="#ff5f57"/>
<circle cx="44" cy="17" r="6" fill="#febc2e"/>
<circle cx="64" cy="17" r="6" fill="#28c840"/>
<text fill="#bec0c6" font-size="13" x="{middle}" y="21.5" text-anchor="middle">heroku-chat</text>
"##
    )
}

/// A run's background and its text, as wide as its cells whatever the font.
fn draw(svg: &mut String, run: &Run, top: f32) {
    let (style, x, width) = (
        run.style,
        left(run.column),
        tenths(f32::from(run.columns) * CELL.0),
    );
    if style.paper != BACKGROUND {
        let paper = hex(style.paper);
        *svg += &format!(
            "<rect fill=\"{paper}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"20\"/>\n"
        );
    }
    let mut attributes = String::new();
    if style.ink != FOREGROUND {
        let _ = write!(attributes, " fill=\"{}\"", hex(style.ink));
    }
    for (is_on, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.italic, " font-style=\"italic\""),
        (style.underline, " text-decoration=\"underline\""),
    ] {
        attributes += if is_on { attribute } else { "" };
    }
    let (y, text) = (top + 14.5, escaped(&run.text));
    *svg +=
        &format!("<text x=\"{x}\" y=\"{y}\" textLength=\"{width}\"{attributes}>{text}</text>\n");
}

/// A row's runs, without those of which nothing would be seen.
fn runs(screen: &Screen, row: u16, steady: impl Fn(&str) -> String) -> Vec<Run> {
    let cells = (0..size(screen).1).filter_map(|column| Some((column, screen.cell(row, column)?)));
    let cells: Vec<_> = cells
        .filter(|(_, cell)| !cell.is_wide_continuation())
        .collect();
    let content = |cell: &vt100::Cell| match cell.contents() {
        "" => " ".to_owned(),
        text => text.to_owned(),
    };
    let text: String = cells.iter().map(|(_, cell)| content(cell)).collect();
    let steady = steady(&text);
    let mut characters = steady.chars().chain(std::iter::repeat(' '));
    let mut runs: Vec<Run> = Vec::new();
    for (column, cell) in cells {
        let text: String = characters
            .by_ref()
            .take(content(cell).chars().count())
            .collect();
        let (style, columns) = (Style::of(cell), if cell.is_wide() { 2 } else { 1 });
        match runs.last_mut() {
            // Viewers join spaces, so a second one ends the run.
            Some(run) if run.style == style && !(text == " " && run.text.ends_with(' ')) => {
                run.text += &text;
                run.columns += columns;
            }
            _ => runs.push(Run {
                text,
                column,
                columns,
                style,
            }),
        }
    }
    runs.iter_mut().for_each(Run::trim);
    runs.retain(|run| !run.text.is_empty() || run.style.paper != BACKGROUND);
    runs
}

impl Run {
    /// Takes spaces off the ends, which viewers drop, unless they are seen.
    fn trim(&mut self) {
        if self.style.paper == BACKGROUND && !self.style.underline {
            let spaces = |text: &str, rest: &str| (text.len() - rest.len()) as u16;
            let (start, end) = (self.text.trim_start(), self.text.trim_end());
            let (before, after) = (spaces(&self.text, start), spaces(&self.text, end));
            (self.column, self.columns) = (
                self.column + before,
                self.columns.saturating_sub(before + after),
            );
            self.text = self.text.trim().to_owned();
        }
    }
}

impl Style {
    fn of(cell: &vt100::Cell) -> Self {
        let colours = (
            colour(cell.fgcolor(), FOREGROUND),
            colour(cell.bgcolor(), BACKGROUND),
        );
        let (ink, paper) = if cell.inverse() {
            (colours.1, colours.0)
        } else {
            colours
        };
        Style {
            ink: if cell.dim() { dimmed(ink, paper) } else { ink },
            paper,
            bold: cell.bold(),
            italic: cell.italic(),
            underline: cell.underline(),
        }
    }
}

/// A colour of the 256: the palette, a cube of 6 by 6 by 6, a ramp of greys; or any other.
fn colour(colour: Color, default: Rgb) -> Rgb {
    let level = |number: u8| [0, 95, 135, 175, 215, 255][usize::from(number % 6)];
    match colour {
        Color::Default => default,
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Idx(number @ 0..16) => PALETTE[usize::from(number)],
        Color::Idx(number @ 16..232) => [36, 6, 1].map(|share| level((number - 16) / share)),
        Color::Idx(number) => [8 + 10 * (number - 232); 3],
    }
}

/// Rows and columns.
fn size(screen: &Screen) -> (u16, u16) {
    let (rows, columns) = screen.size();
    (rows.get(), columns.get())
}

fn left(column: u16) -> f32 {
    tenths(PADDING + f32::from(column) * CELL.0)
}

fn top(row: usize) -> f32 {
    BAR + PADDING / 2.0 + row as f32 * CELL.1
}

fn tenths(number: f32) -> f32 {
    (number * 10.0).round() / 10.0
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
