//! What the languages of code blocks are made of, as far as colours tell it: a table.
//!
//! The colours are those that every theme has readable on its ground: white, black, yellow, blue
//! and the bright ones aren't among them.

use super::style::Style;

/// Comments, and what matters less.
pub const COMMENT: Style = Style::DIM;
pub const STRING: Style = Style::GREEN;
pub const KEYWORD: Style = Style::MAGENTA;
pub const NUMBER: Style = Style::MAGENTA;
/// Keys, variables, symbols, attributes.
pub const NAME: Style = Style::CODE;

/// A language. Words consist of letters, digits and `_`.
#[derive(Debug)]
pub struct Language {
    /// Its names behind the marks of a fence.
    names: &'static str,
    pub keywords: &'static str,
    /// What begins a comment that ends with its line.
    pub comments: &'static [&'static str],
    /// The marks around other comments, and whether they stand inside each other.
    pub block: Option<(&'static str, &'static str)>,
    pub nests: bool,
    pub strings: &'static [Quote],
    /// More characters of words.
    pub words: &'static str,
    /// Characters that make a name of the word behind them.
    pub sigils: &'static str,
    /// What makes a name of the word before it.
    pub key: Option<char>,
    /// Styles of whole lines, by how they begin. The longer beginning stands first.
    pub lines: &'static [(&'static str, Style)],
    pub has_numbers: bool,
    /// Whether case matters in no keyword.
    pub ignores_case: bool,
    /// Whether a keyword is one only at the start of its line.
    pub has_instructions: bool,
    pub has_heredocs: bool,
    pub has_tags: bool,
    /// Whether a `'` may begin a string within a word, as in `f'…'`.
    pub joins_strings: bool,
}

/// The marks around a string.
#[derive(Debug)]
pub struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    /// Whether a backslash takes the next character its meaning.
    pub escapes: bool,
    pub spans_lines: bool,
    /// Whether there are variables in it.
    pub expands: bool,
    /// Whether it holds one character: else it is no string.
    pub is_character: bool,
}

const fn quote(open: &'static str, close: &'static str) -> Quote {
    Quote {
        open,
        close,
        escapes: true,
        spans_lines: false,
        expands: false,
        is_character: false,
    }
}

const fn long(open: &'static str, close: &'static str) -> Quote {
    Quote {
        spans_lines: true,
        ..quote(open, close)
    }
}

const fn raw(open: &'static str, close: &'static str) -> Quote {
    Quote {
        escapes: false,
        ..long(open, close)
    }
}

const fn expanding(open: &'static str) -> Quote {
    Quote {
        expands: true,
        ..long(open, open)
    }
}

const DOUBLE: Quote = quote("\"", "\"");
const SINGLE: Quote = quote("'", "'");
/// As it stands: a backslash is one.
const LITERAL: Quote = Quote {
    escapes: false,
    ..SINGLE
};
const TRIPLE: Quote = long("\"\"\"", "\"\"\"");
const CHARACTER: Quote = Quote {
    is_character: true,
    ..SINGLE
};

const NONE: Language = Language {
    names: "",
    keywords: "",
    comments: &[],
    block: None,
    nests: false,
    strings: &[],
    words: "",
    sigils: "",
    key: None,
    lines: &[],
    has_numbers: false,
    ignores_case: false,
    has_instructions: false,
    has_heredocs: false,
    has_tags: false,
    joins_strings: false,
};

/// Those whose comments and numbers are C's.
const C: Language = Language {
    comments: &["//"],
    block: Some(("/*", "*/")),
    strings: &[DOUBLE, SINGLE],
    has_numbers: true,
    ..NONE
};

const JAVASCRIPT: Language = Language {
    names: "javascript js jsx mjs cjs node",
    keywords: "async await break case catch class const continue debugger default delete do else \
        export extends false finally for from function get if import in instanceof let \
        new null of return set static super switch this throw true try typeof undefined \
        var void while with yield",
    strings: &[DOUBLE, SINGLE, long("`", "`")],
    words: "$",
    sigils: "@",
    ..C
};

const SHELL: Language = Language {
    names: "sh shell bash zsh ksh dotenv env",
    keywords: "break case continue do done elif else esac exit export fi for function if in \
        local readonly return select set shift source then trap unset until while",
    comments: &["#"],
    strings: &[expanding("\""), raw("'", "'")],
    words: "-",
    sigils: "$",
    has_heredocs: true,
    joins_strings: true,
    ..NONE
};

const LANGUAGES: &[Language] = &[
    Language {
        names: "ruby rb irb rake gemfile rakefile",
        keywords: "BEGIN END alias and begin break case class def do else elsif end ensure \
            extend false for if in include module next nil not or private protected \
            public raise redo require require_relative rescue retry return self super \
            then true undef unless until when while yield attr_accessor attr_reader \
            attr_writer",
        comments: &["#"],
        block: Some(("=begin", "=end")),
        strings: &[DOUBLE, SINGLE, quote("`", "`")],
        sigils: "@:$",
        key: Some(':'),
        has_numbers: true,
        has_heredocs: true,
        ..NONE
    },
    Language {
        names: "python py python3 py3 pycon ipython",
        keywords: "False None True and as assert async await break case class continue def del \
            elif else except finally for from global if import in is lambda match \
            nonlocal not or pass raise return self try while with yield",
        comments: &["#"],
        strings: &[TRIPLE, long("'''", "'''"), DOUBLE, SINGLE],
        sigils: "@",
        has_numbers: true,
        joins_strings: true,
        ..NONE
    },
    JAVASCRIPT,
    Language {
        names: "typescript ts tsx mts cts",
        keywords: "abstract any as async await boolean break case catch class const continue \
            declare default delete do else enum export extends false finally for from \
            function get if implements import in instanceof interface is keyof let \
            namespace never new null number of private protected public readonly return \
            satisfies set static string super switch this throw true try type typeof \
            undefined unknown var void while yield",
        ..JAVASCRIPT
    },
    Language {
        names: "go golang",
        keywords: "any bool break byte case chan const continue default defer else error \
            fallthrough false float64 for func go goto if import int int64 interface iota \
            map nil package range return rune select string struct switch true type var",
        strings: &[DOUBLE, SINGLE, raw("`", "`")],
        ..C
    },
    Language {
        names: "java",
        keywords: "abstract assert boolean break byte case catch char class const continue \
            default do double else enum extends false final finally float for if \
            implements import instanceof int interface long native new null package \
            private protected public record return sealed short static super switch \
            synchronized this throw throws transient true try var void volatile while \
            yield",
        strings: &[TRIPLE, DOUBLE, SINGLE],
        sigils: "@",
        ..C
    },
    Language {
        names: "php php8",
        keywords: "abstract and array as break case catch class clone const continue declare \
            default do echo else elseif enum extends false final finally fn for foreach \
            function global if implements include instanceof interface match namespace \
            new null or print private protected public readonly require require_once \
            return static switch this throw trait true try use var while yield php",
        strings: &[expanding("\""), long("'", "'")],
        sigils: "$",
        has_heredocs: true,
        ..C
    },
    Language {
        names: "scala sc sbt",
        keywords: "abstract case catch class def do else enum extends extension false final \
            finally for given if implicit import lazy match new null object override \
            package private protected return sealed super then this throw trait true try \
            type using val var while with yield",
        nests: true,
        strings: &[raw("\"\"\"", "\"\"\""), DOUBLE, CHARACTER],
        sigils: "@",
        ..C
    },
    Language {
        names: "clojure clj cljs cljc edn",
        keywords: "and case catch comment cond def defmacro defmethod defmulti defn defn- \
            defprotocol defrecord do doseq dotimes false finally fn for if if-let if-not \
            import let letfn loop nil not ns or quote recur reify require throw true try \
            use when when-let when-not -> ->>",
        comments: &[";"],
        strings: &[long("\"", "\"")],
        words: "-?!*+<>=/.&",
        sigils: ":",
        has_numbers: true,
        ..NONE
    },
    Language {
        names: "rust rs",
        keywords: "Err None Ok Self Some as async await bool break const continue crate dyn else \
            enum extern false fn for i32 i64 if impl in let loop match mod move mut pub \
            ref return self static str struct super trait true type u32 u64 u8 unsafe use \
            usize where while",
        nests: true,
        strings: &[
            raw("r#\"", "\"#"),
            raw("r\"", "\""),
            long("\"", "\""),
            CHARACTER,
        ],
        ..C
    },
    SHELL,
    Language {
        names: "console shell-session shellsession terminal",
        joins_strings: false,
        ..SHELL
    },
    Language {
        names: "sql psql postgres postgresql mysql sqlite plpgsql",
        keywords: "add all alter analyze and any as asc begin between bigint boolean by cascade \
            case check column commit constraint create cross database date default delete \
            desc distinct drop else end except exists explain extension false first \
            foreign from full function grant group having if in index inner insert int \
            integer interval into is jsonb join key last left like ilike limit not null \
            nulls numeric offset on or order outer over partition primary references \
            returning right rollback select serial set table text then timestamp \
            timestamptz to true truncate union unique update using uuid vacuum values \
            varchar view when where with",
        comments: &["--"],
        strings: &[raw("'", "'"), raw("\"", "\""), raw("$$", "$$")],
        ignores_case: true,
        joins_strings: true,
        ..C
    },
    Language {
        names: "yaml yml",
        keywords: "false null true",
        comments: &["#"],
        strings: &[DOUBLE, LITERAL],
        words: "-./",
        key: Some(':'),
        has_numbers: true,
        ..NONE
    },
    Language {
        names: "json jsonc json5 jsonl ndjson geojson",
        keywords: "false null true",
        strings: &[DOUBLE],
        key: Some(':'),
        ..C
    },
    Language {
        names: "toml ini cfg properties",
        keywords: "false true",
        comments: &["#"],
        strings: &[TRIPLE, raw("'''", "'''"), DOUBLE, LITERAL],
        words: "-.",
        key: Some('='),
        lines: &[("[", NAME)],
        has_numbers: true,
        ..NONE
    },
    Language {
        names: "html htm xml svg erb xhtml vue svelte",
        block: Some(("<!--", "-->")),
        strings: &[raw("\"", "\""), raw("'", "'")],
        words: "-:@.",
        has_tags: true,
        ..NONE
    },
    Language {
        names: "css scss less",
        keywords: "@charset @container @font-face @import @include @keyframes @layer @media \
            @mixin @page @property @supports @use",
        comments: &[],
        words: "-@",
        sigils: "#.",
        key: Some(':'),
        ..C
    },
    Language {
        names: "dockerfile docker containerfile",
        keywords: "add arg cmd copy entrypoint env expose from healthcheck label maintainer \
            onbuild run shell stopsignal user volume workdir",
        ignores_case: true,
        has_instructions: true,
        ..SHELL
    },
    Language {
        names: "procfile",
        keywords: "",
        key: Some(':'),
        ..SHELL
    },
    Language {
        names: "diff patch",
        lines: &[
            ("+++ ", Style::BOLD),
            ("--- ", Style::BOLD),
            ("diff ", Style::BOLD),
            ("@@", NAME),
            ("+", STRING),
            ("-", Style::RED),
            ("index ", COMMENT),
        ],
        ..NONE
    },
];

impl Language {
    pub fn is_word(&self, character: char) -> bool {
        character.is_alphanumeric() || character == '_' || self.words.contains(character)
    }
}

/// The language that a fence names.
pub fn language(label: &str) -> Option<&'static Language> {
    let mut words = label.split(|end: char| end.is_whitespace() || "{}.,:;=".contains(end));
    let name = words.find(|word| !word.is_empty())?.to_ascii_lowercase();
    let mut all = LANGUAGES.iter();
    all.find(|language| language.names.split(' ').any(|known| known == name))
}
