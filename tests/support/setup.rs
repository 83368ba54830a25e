//! Broken setups, each with the check of `doctor` that has to notice it.

use std::any::Any;

use serde_json::Value;

use super::api::{Api, respond};
use super::program::{KEY, Program, Run};

/// The service of the setups that nobody connects to.
pub const SERVICE: &str = "https://us.inference.heroku.com";

/// A program, and the servers that live while it runs. Each has to be called.
pub struct Setup(pub Program, pub Vec<Box<dyn Any>>);

impl From<Program> for Setup {
    fn from(program: Program) -> Self {
        Setup(program, Vec::new())
    }
}

/// A broken setup, and what doctor makes of it.
pub struct Case {
    pub name: &'static str,
    pub set_up: fn() -> Setup,
    /// Of doctor.
    pub flags: &'static [&'static str],
    /// The check that notices.
    pub check: &'static str,
    pub status: &'static str,
    /// Words of what it found, hints or commands.
    pub says: &'static str,
}

impl Case {
    /// Runs doctor, whose check must notice, and whose exit code and summary must agree.
    pub fn check(&self) {
        let name = self.name;
        let Setup(program, _servers) = (self.set_up)();
        let report = report(&program, self.flags);
        let entry = report.entry(self.check);
        assert_eq!(entry["status"], self.status, "{name}: {entry:#}");
        let said = format!("{} {} {}", entry["found"], entry["hint"], entry["commands"])
            .replace("\\\"", "\"");
        assert!(
            said.contains(self.says),
            "{name}: {:?} is not in {entry:#}",
            self.says
        );
        let failed = report
            .checks()
            .iter()
            .any(|entry| entry["status"] == "fail");
        assert_eq!(
            (report.code, report.json["ok"].as_bool()),
            (i32::from(failed), Some(!failed)),
            "{name}"
        );
        if self.status == "fail" {
            assert!(report.json["next"].is_string(), "{name}: {:#}", report.json);
        }
    }
}

/// A part of a table, so that the parts run side by side.
pub fn check_part(cases: &[Case], part: usize, parts: usize) {
    cases.iter().skip(part).step_by(parts).for_each(Case::check);
}

/// What `doctor --json` reports.
pub struct Report {
    json: Value,
    code: i32,
}

pub fn report(program: &Program, flags: &[&str]) -> Report {
    let arguments: Vec<&str> = ["doctor", "--json"].iter().chain(flags).copied().collect();
    let run = || program.run(&arguments);
    let asks_heroku = program.variables().contains_key("HEROKU_HOST");
    let run = if asks_heroku { in_time(run) } else { run() };
    Report {
        json: serde_json::from_str(&run.stdout).expect("JSON"),
        code: run.code,
    }
}

/// Runs doctor until the Heroku CLI answers in the ten seconds that doctor gives it, which a busy
/// machine may not allow at once.
pub fn in_time(doctor: impl Fn() -> Run) -> Run {
    let runs = std::iter::repeat_with(doctor).take(4);
    let mut in_time = runs.filter(|run| !run.stdout.contains("no answer within "));
    in_time.next().expect("the Heroku CLI answers in time once")
}

impl Report {
    fn checks(&self) -> &[Value] {
        self.json["checks"].as_array().expect("checks")
    }

    /// The check of this name.
    pub fn entry(&self, id: &str) -> &Value {
        self.checks()
            .iter()
            .find(|entry| entry["id"] == id)
            .unwrap_or_else(|| panic!("no check {id}: {:#}", self.json))
    }
}

/// A program whose .env holds this text, with `URL` and `KEY` for the lines that set them.
pub fn env_file(text: &str) -> Program {
    let program = Program::new();
    program.file(
        ".env",
        &text
            .replace("KEY", &format!("INFERENCE_KEY={KEY}"))
            .replace("URL", &format!("INFERENCE_URL={SERVICE}")),
    );
    program
}

/// A service that answers the catalogue with `catalogue` and is fine otherwise.
pub fn api(catalogue: impl Fn() -> String + Send + Sync + 'static) -> Setup {
    let api = Api::serve(move |exchange| {
        let answer = match exchange.request.line.as_str() {
            line if line.starts_with("GET /available-models") => catalogue(),
            line if line.starts_with("GET /v1/mcp/servers") => respond(200, "", "[]"),
            _ => respond(400, "", r#"{"error":"messages is required"}"#),
        };
        exchange.send(&answer);
    });
    let program = Program::for_service(&api.url());
    Setup(program, vec![Box::new(api)])
}

/// Two models, of which one chats.
pub const CATALOGUE: &str = r#"[{"model_id":"test-model","type":["text-to-text"],"regions":["us"]},{"model_id":"embed","type":["text-to-embedding"]}]"#;

/// That service with this model for the chat.
pub fn with_model(model: &str) -> Setup {
    let Setup(program, servers) = api(|| respond(200, "", CATALOGUE));
    Setup(program.with("INFERENCE_MODEL_ID", model), servers)
}
