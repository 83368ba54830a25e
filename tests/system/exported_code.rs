//! Exported code, run by the real interpreters against the sandbox and against a server that takes
//! notes. What the code looks like is tested beside its source; here it has to work.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::support::{Api, KEY, Program, respond, which};

/// A format, a file for it and the interpreter of that file.
type Language = (&'static str, &'static str, &'static str);

/// JavaScript has two kinds of modules.
const LANGUAGES: &[Language] = &[
    ("curl", "chat.sh", "bash"),
    ("ruby", "chat.rb", "ruby"),
    ("python", "chat.py", "python3"),
    ("javascript", "chat.cjs", "node"),
    ("javascript", "chat.mjs", "node"),
];

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Fine."},"finish_reason":"stop"}]}"#;

/// The sandbox as a process of its own, ended with its test.
struct Sandbox {
    process: Child,
    /// What it says to export.
    variables: Vec<(String, String)>,
}

impl Sandbox {
    fn start() -> Self {
        let mut command = Program::new().process(&["sandbox"]);
        let mut process = command
            .current_dir("/")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().expect("a pipe"))
            .lines()
            .take(3);
        let variable = |line: String| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let variables = lines
            .map(|line| variable(line.unwrap()).expect("export NAME=value"))
            .collect();
        Sandbox { process, variables }
    }

    /// The program, and the code it writes, talk to this sandbox.
    fn program(&self) -> Program {
        self.variables
            .iter()
            .fold(Program::new(), |program, (name, value)| {
                program.with(name, value)
            })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.process.kill().expect("it still runs");
        self.process.wait().expect("it ends");
    }
}

/// Has the program write code for a prompt, and runs that with the program's variables but the
/// model's.
fn generate_and_run(program: &Program, language: Language, arguments: &[&str]) -> Output {
    let file = generate(program, language, arguments);
    interpreter(program, language, &file)
        .output()
        .expect("the interpreter is there")
}

fn generate(
    program: &Program,
    (format, file, _): Language,
    arguments: &[&str],
) -> std::path::PathBuf {
    let flag = format!("--dry-run={format}");
    let code = program
        .run(&[&["ask", flag.as_str()], arguments].concat())
        .expect_code(0)
        .stdout;
    program.file(file, &code)
}

/// The interpreter with as little of the environment as it needs.
fn interpreter(program: &Program, (_, _, name): Language, file: &Path) -> Command {
    let mut command = Command::new(name);
    command.arg(file).env_clear().current_dir(program.work());
    command.envs(
        ["PATH", "HOME"]
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    command.envs(
        program
            .variables()
            .iter()
            .filter(|(name, _)| ["INFERENCE_URL", "INFERENCE_KEY"].contains(&name.as_str())),
    );
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Whatever means something in one of the languages, alone and next to each other.
fn nasty() -> String {
    let marks = [
        "\\", "\"", "'", "`", "#", "$", "@", "{", "}", "(", ")", "<", "/", "%", "\n", "n", "u0041",
        "é",
    ];
    let pairs: String = marks
        .iter()
        .flat_map(|one| marks.iter().map(move |two| format!("{one}{two}")))
        .collect();
    let controls: String = ('\u{1}'..='\u{ff}').collect();
    format!(
        "#{{exit}} #$0 #@x ${{HOME}} $(exit 3) `exit 4` $'x' !! %s \\u0041 \\x41 \\0\nEND\nEOF\n__END__\n\"\"\" ''' */ -->\n\
         </script> <% %> \u{2028}\u{2029}\u{202e}\u{feff}\u{200b} 👩‍👩‍👧 ⬢ 𝔘 שלום \\\r\n\t {pairs}{controls} \\"
    )
}

#[test]
fn every_text_goes_to_the_model_and_back_unchanged() {
    let sandbox = Sandbox::start();
    for language in LANGUAGES {
        let output = generate_and_run(&sandbox.program(), *language, &[&nasty()]);
        assert_eq!(text(&output.stderr), "", "{language:?}");
        assert_eq!(text(&output.stdout), nasty() + "\n", "{language:?}");
        assert!(output.status.success(), "{language:?}");
    }
}

#[test]
fn each_program_sends_what_ask_sends() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&format!("{}/", api.url()));
    let nasty = nasty();
    program.file(
        "turns.json",
        &json!([{"role": "user", "content": nasty}, {"role": "assistant", "content": "So?\n"}])
            .to_string(),
    );
    program.file("notes.rb", &format!("```\n#{{x}}\nEND\n````\n\t{nasty}\n"));
    std::fs::write(program.work().join("dot.png"), b"\x89PNG\r\n\x1a\n\0\xff").expect("an image");
    let request = [
        "--messages",
        "turns.json",
        "--system",
        "be\nbrief",
        "--temperature",
        "0.5",
        "--max-tokens",
        "50",
    ];
    let more = [
        "--stop",
        "`END`",
        "--stop",
        "$x\n",
        "--thinking=1024",
        "-f",
        "notes.rb",
        "--image",
        "dot.png",
        "Why?",
    ];
    let arguments = [&request[..], &more[..]].concat();

    program
        .run(&[&["ask", "--no-stream"], &arguments[..]].concat())
        .expect_code(0)
        .expect_output("Fine.\n");
    for language in LANGUAGES {
        let output = generate_and_run(&program, *language, &arguments);
        assert_eq!(
            (text(&output.stdout), text(&output.stderr)),
            ("Fine.\n".into(), String::new()),
            "{language:?}"
        );
    }
    let requests = api.requests();
    assert_eq!(requests.len(), 1 + LANGUAGES.len());
    let mut expected = requests[0].json();
    expected
        .as_object_mut()
        .expect("an object")
        .remove("stream");
    assert_eq!(expected["messages"].as_array().map(Vec::len), Some(4));
    for (request, language) in requests[1..].iter().zip(LANGUAGES) {
        assert_eq!(
            request.line, "POST /v1/chat/completions HTTP/1.1",
            "{language:?}"
        );
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {KEY}").as_str()),
            "{language:?}"
        );
        assert_eq!(
            request.header("content-type"),
            Some("application/json"),
            "{language:?}"
        );
        assert_eq!(request.json(), expected, "{language:?}");
    }
}

#[test]
fn the_variable_names_the_model_before_the_one_of_the_conversation() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&format!("{}/v1/", api.url()));
    let odd = "it's \"${x}\" `y` \\ }é𝔘";
    for language in LANGUAGES {
        let file = generate(&program, *language, &["-m", odd, "Hi"]);
        for model in ["", "another-model"] {
            let mut command = interpreter(&program, *language, &file);
            let output = command
                .env("INFERENCE_MODEL_ID", model)
                .output()
                .expect("the interpreter is there");
            assert_eq!(text(&output.stderr), "", "{language:?}");
        }
    }
    let requests = api.requests();
    let models: Vec<Value> = requests
        .iter()
        .map(|request| request.json()["model"].clone())
        .collect();
    assert_eq!(models, [odd, "another-model"].repeat(LANGUAGES.len()));
    assert!(
        requests
            .iter()
            .all(|request| request.line == "POST /v1/chat/completions HTTP/1.1"),
        "{requests:?}"
    );
}

#[test]
fn a_failure_is_shown_with_status_and_body() {
    let sandbox = Sandbox::start();
    for language in LANGUAGES {
        let output = generate_and_run(&sandbox.program(), *language, &["-m", "sandbox-401", "Hi"]);
        let body = r#"{"error":{"code":401,"message":"Invalid API key provided","type":"invalid_request"}}"#;
        assert_eq!(
            text(&output.stderr),
            format!("Request failed: 401, {body}\n"),
            "{language:?}"
        );
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(1), 0),
            "{language:?}"
        );
    }
}

#[test]
fn a_variable_that_is_missing_or_empty_is_named() {
    let program = Program::for_service("https://us.inference.heroku.com");
    for language in LANGUAGES {
        let file = generate(&program, *language, &["Hi"]);
        for (name, value) in [("INFERENCE_URL", None), ("INFERENCE_KEY", Some(""))] {
            let mut command = interpreter(&program, *language, &file);
            match value {
                None => command.env_remove(name),
                Some(value) => command.env(name, value),
            };
            let output = command.output().expect("the interpreter is there");
            let advice =
                format!("Set it with: export {name}=$(heroku config:get {name} -a example-app)");
            assert_eq!(
                text(&output.stderr),
                format!("{name} is not set. {advice}\n"),
                "{language:?}"
            );
            assert_eq!(output.status.code(), Some(1), "{language:?}");
        }
    }
}

#[test]
fn a_redirect_does_not_lead_the_key_to_another_server() {
    let other = Api::fixed(respond(200, "", ANSWER));
    let location = format!("Location: {}/elsewhere\r\n", other.url());
    let api = Api::fixed(respond(302, &location, ""));
    let program = Program::for_service(&api.url());
    LANGUAGES
        .iter()
        .for_each(|language| drop(generate_and_run(&program, *language, &["Hi"])));
    assert_eq!(api.requests().len(), LANGUAGES.len());
    assert!(
        other
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

/// All users of a machine can see the arguments of its processes.
#[test]
fn the_key_is_in_no_argument_of_curl() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&api.url());
    let path = std::env::var("PATH").expect("a PATH");
    program.command(
        "curl",
        &format!("echo \"$@\" >>arguments\nPATH='{path}' exec curl \"$@\""),
    );
    let path = format!("{}:{path}", program.folder.path().join("bin").display());
    for flag in ["--dry-run", "--dry-run=curl"] {
        let command = program.run(&["ask", flag, "Hi"]).expect_code(0).stdout;
        let file = program.file("chat.sh", &command);
        let output = interpreter(&program, LANGUAGES[0], &file)
            .env("PATH", &path)
            .output()
            .expect("bash");
        assert!(output.status.success(), "{output:?}");
    }
    let arguments =
        std::fs::read_to_string(program.work().join("arguments")).expect("curl was called");
    assert!(
        arguments.contains("/v1/chat/completions") && !arguments.contains(KEY),
        "{arguments}"
    );
    let expected = format!("Bearer {KEY}");
    assert!(
        api.requests()
            .iter()
            .all(|request| request.header("authorization") == Some(&expected))
    );
    assert_eq!(api.requests().len(), 2);
}

#[test]
fn without_jq_the_script_prints_the_response_as_it_is() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&api.url());
    let bin = program.folder.path().join("bin");
    for name in ["bash", "cat", "curl"] {
        std::os::unix::fs::symlink(which(name), bin.join(name)).expect("a link");
    }
    let file = generate(&program, LANGUAGES[0], &["Hi"]);
    let mut command = interpreter(&program, LANGUAGES[0], &file);
    let output = command.env("PATH", bin).output();
    assert_eq!(text(&output.expect("bash").stdout), format!("{ANSWER}\n"));
}

#[test]
fn json_is_read_back_by_messages() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&api.url());
    program.file("notes.rb", "puts 1\n");
    let asked = [
        "--no-stream",
        "--system",
        "be brief",
        "-f",
        "notes.rb",
        "Why?",
    ];
    let exported = program
        .run(&[&["ask", "--dry-run=json"], &asked[..]].concat())
        .expect_code(0)
        .stdout;
    program.file("exported.json", &exported);
    program.run(&[&["ask"], &asked[..]].concat()).expect_code(0);
    program
        .run(&["ask", "--no-stream", "--messages", "exported.json"])
        .expect_code(0);
    let requests = api.requests();
    assert_eq!(requests[0].json(), requests[1].json());
    assert_eq!(
        requests[0].json()["messages"][0],
        json!({"role": "system", "content": "be brief"})
    );
}

#[test]
fn a_format_that_there_is_not_is_answered_with_those_there_are() {
    let run = Program::new().run(&["ask", "--sandbox", "--dry-run=perl", "Hi"]);
    run.expect_code(2)
        .expect_error("markdown, json, curl, ruby, python, javascript");
}
