//! What the service makes of key, model and request. Only `--live` asks for a completion.

use std::time::Duration;

use super::network::region;
use crate::api::request::RequestOptions;
use crate::app::following::{Show, follow};
use crate::chat::Chat;
use crate::config::Source;
use crate::conversation::{Conversation, Message};
use crate::doctor::{Probe, Verdict};
use crate::error::nearest::nearest;
use crate::error::{Error, shell};
use crate::net::Limits;

/// How long `--live` waits for the first word, and between words.
const LIVE_LIMIT: Duration = Duration::from_secs(10);

/// Longest answer of `--live`, in tokens. Models that reason first need some.
const LIVE_TOKENS: u32 = 200;

fn chosen(probe: &Probe<'_>) -> Option<String> {
    probe
        .settings
        .as_ref()?
        .model
        .as_ref()
        .map(|model| model.value.clone())
}

/// The command that sets a variable; ids of models are the service's words.
fn export(variable: &str, value: &str) -> String {
    format!("export {variable}={}", shell::quoted(value))
}

pub fn model(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let settings = probe
        .settings
        .as_ref()
        .expect("the check of the sources holds");
    let variable = probe.gathered.variable("MODEL_ID");
    let Some(model) = &settings.model else {
        let example = probe
            .catalogue
            .models
            .first()
            .map_or("MODEL", |model| model.id.as_str());
        return Ok(Verdict::warn(format!(
            "{variable} is not set; the chat will ask for one, and `ask` will fail"
        ))
        .hint("Choose one, here or with -m")
        .command(export(&variable, example)));
    };
    let (id, source) = (&model.value, &model.source);
    let models = &probe.catalogue.models;
    if models.is_empty() {
        let verdict = Verdict::warn(format!("{id}, not checked: there is no list of models"));
        return Ok(verdict
            .hint("A wrong id shows up with the next request")
            .from(source));
    }
    let Some(listed) = models.iter().find(|model| model.id == *id) else {
        let ids = models
            .iter()
            .filter(|model| model.is_chat())
            .map(|model| model.id.as_str());
        let verdict = Verdict::fail(format!("the service lists no model {id}")).from(source);
        return Ok(match nearest(id, ids) {
            Some(near) => {
                let command = match source {
                    Source::Flag(_) => {
                        let sandbox = probe.sandbox.as_ref().map_or("", |_| " --sandbox");
                        format!("heroku-chat{sandbox} -m {}", shell::quoted(near))
                    }
                    _ => export(&variable, near),
                };
                verdict
                    .hint(format!("You probably meant {near}"))
                    .command(command)
            }
            None => verdict
                .hint("See the ids there are")
                .command("heroku-chat models"),
        });
    };
    if !listed.is_chat() {
        let verdict = Verdict::fail(format!(
            "{id} is not a chat model but {}",
            listed.kinds.join(", ")
        ))
        .from(source);
        return Ok(verdict
            .hint("See the chat models")
            .command("heroku-chat models"));
    }
    if let Some(region) = region(probe).filter(|region| !listed.is_in(region)) {
        let found = format!(
            "{id} is not offered in {region}, only in {}",
            listed.regions.join(", ")
        );
        return Ok(Verdict::fail(found)
            .hint("Choose another model, or an add-on in that region")
            .from(source));
    }
    if listed.is_deprecated() {
        let end = listed.end_of_life().map_or_else(String::new, |date| {
            format!(" and stops answering on {date}")
        });
        let verdict = Verdict::warn(format!("{id} is deprecated{end}")).from(source);
        return Ok(match &listed.replacement_model {
            Some(next) => verdict
                .hint("Its replacement")
                .command(export(&variable, next)),
            None => verdict.hint("See the others").command("heroku-chat models"),
        });
    }
    Ok(Verdict::pass(id.clone()).from(source))
}

pub fn key_accepted(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    Ok(
        match probe.ask(|client, interrupts, tell| client.probe_key(interrupts, tell))? {
            Some(()) => Verdict::pass("yes; no token was spent"),
            None => Verdict::warn("not known: this service has no free request that needs the key")
                .hint("The next check sends it with a request"),
        },
    )
}

pub fn request(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(model) = chosen(probe) else {
        return Ok(Verdict::skip("needs a model"));
    };
    Ok(
        match probe
            .ask(|client, interrupts, tell| client.probe_request(&model, interrupts, tell))?
        {
            true => Verdict::pass(format!("yes, for {model}; no token was spent")),
            false => Verdict::warn(format!(
                "{model} answered a request without messages; that may have spent tokens"
            ))
            .hint("Heroku refuses such a request; this server is a different one"),
        },
    )
}

pub fn live(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if !probe.live {
        return Ok(Verdict::skip("only with --live: it spends some tokens"));
    }
    let Some(model) = chosen(probe) else {
        return Ok(Verdict::skip("needs a model"));
    };
    let client = probe.client().with_limits(
        Limits::with_first_byte(LIVE_LIMIT)
            .at_most(LIVE_LIMIT)
            .once(),
    );
    let options = RequestOptions {
        stream: true,
        max_tokens: Some(LIVE_TOKENS),
        ..RequestOptions::default()
    };
    let mut chat = Chat::new(client, model, options, Conversation::default());
    let prompt = Message::prompt(
        "Count from one to twenty in words, separated by spaces.",
        Vec::new(),
    );
    let saying = chat.say(prompt, &probe.context.interrupts);
    let answer = follow(saying, Show::Nothing, &mut probe.context.screen)?;
    if let Some(cut) = answer.cut {
        return Err(cut);
    }
    let first = answer.first_word.unwrap_or_default();
    let usage = answer.completion.usage.as_ref();
    let tokens = usage.and_then(|usage| usage.total_tokens());
    let spent = tokens.map_or_else(String::new, |tokens| format!(", {tokens} tokens spent"));
    let found = format!(
        "first word after {:.1} s, all after {:.1} s{spent}",
        first.as_secs_f64(),
        answer.total.as_secs_f64()
    );
    probe.answer = Some(answer);
    Ok(Verdict::pass(found))
}

pub fn streaming(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(answer) = &probe.answer else {
        return Ok(Verdict::skip("only with --live"));
    };
    let spread = answer
        .total
        .saturating_sub(answer.first_word.unwrap_or_default());
    let words = answer.completion.content.split_whitespace().count();
    Ok(if words < 5 {
        Verdict::skip("the answer was too short to tell")
    } else if answer.reads < 2 {
        Verdict::warn("the answer came in one piece: something on the way holds it back")
            .hint("A proxy that buffers does that: answers will be complete, but not word by word")
    } else {
        Verdict::pass(format!(
            "{} pieces over {:.1} s",
            answer.reads,
            spread.as_secs_f64()
        ))
    })
}

pub fn rate_limit(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(answer) = &probe.answer else {
        return Ok(Verdict::skip("only with --live"));
    };
    let header = |name: &str| {
        answer
            .head
            .header(&format!("x-ratelimit-{name}"))
            .map(str::to_owned)
    };
    let left = |what: &str| {
        Some(format!(
            "{} of {} {what} left",
            header(&format!("remaining-{what}"))?,
            header(&format!("limit-{what}"))?
        ))
    };
    let parts: Vec<String> = ["requests", "tokens"]
        .into_iter()
        .filter_map(left)
        .collect();
    let exhausted = header("remaining-requests").as_deref() == Some("0")
        || header("remaining-tokens").as_deref() == Some("0");
    Ok(if parts.is_empty() {
        Verdict::skip("the service did not say")
    } else if exhausted {
        Verdict::warn(parts.join(", ")).hint("The limits are per minute: wait a minute")
    } else {
        Verdict::pass(parts.join(", "))
    })
}
