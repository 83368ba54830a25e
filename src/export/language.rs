//! The programming languages of exported code: how each differs from JSON, and a program in it, in
//! the style of Heroku's quick start guides: URL, key and model from the environment, one request,
//! the answer printed, or status and body of a failure.
//!
//! Source: devcenter.heroku.com/articles/heroku-inference-quickstart-ruby-v1-chat-completions and
//! its siblings.

/// A programming language.
pub struct Language {
    /// With `INFERENCE` for the prefix of variables, `PAYLOAD` for the request and `CURL` for a
    /// call of curl.
    pub program: &'static str,
    /// How it writes null, false and true.
    pub words: [&'static str; 3],
    /// What would mean something else in a JSON string, and what to write in its place.
    pub special: &'static [(&'static str, &'static str)],
    /// The expression for the model: that of the variable, or else this one.
    pub model: fn(variable: &str, model: &str) -> String,
}

/// curl, in a bash script. The request is a here-document in which only the variable of the model
/// is expanded, so what the shell knows is escaped beyond what JSON knows.
pub const SHELL: Language = Language {
    program: include_str!("programs/shell.sh"),
    words: ["null", "false", "true"],
    // A here-document takes a backslash as such, but before these three.
    special: &[("\\\\", "\\\\\\\\"), ("$", "\\$"), ("`", "\\`")],
    model: |variable, model| format!("\"${{{variable}:-{}}}\"", default_word(model)),
};

/// Ruby, with net/http. The time to wait for an answer is longer than Ruby's minute, because
/// nothing is streamed.
pub const RUBY: Language = Language {
    program: include_str!("programs/ruby.rb"),
    words: ["nil", "false", "true"],
    special: &[("#{", "\\#{"), ("#$", "\\#$"), ("#@", "\\#@")],
    model: |variable, model| format!("env.fetch(\"{variable}\", {})", RUBY.text(model)),
};

/// Python 3, with urllib. It follows redirects, and would send the key along if it were an ordinary
/// header.
pub const PYTHON: Language = Language {
    program: include_str!("programs/python.py"),
    words: ["None", "False", "True"],
    special: &[],
    model: |variable, model| format!("os.environ.get(\"{variable}\") or {}", PYTHON.text(model)),
};

/// JavaScript, with fetch. It runs as a CommonJS and as an ES module, so there is neither `import`
/// nor an `await` outside a function.
pub const JAVASCRIPT: Language = Language {
    program: include_str!("programs/javascript.js"),
    words: ["null", "false", "true"],
    // Inside a page, "</script>" would end the script.
    special: &[("</", "<\\/")],
    model: |variable, model| format!("process.env.{variable} || {}", JAVASCRIPT.text(model)),
};

/// A text between quotes of JSON and the braces of a shell's default at once: only what means
/// nothing in either stands for itself.
fn default_word(text: &str) -> String {
    let is_plain = |unit: &u8| unit.is_ascii_alphanumeric() || b"-._:/@+".contains(unit);
    let word = |unit: u16| match u8::try_from(unit).ok().filter(is_plain) {
        Some(plain) => char::from(plain).to_string(),
        None => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(word).collect()
}
