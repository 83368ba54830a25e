//! What the service makes of key, model and request. Only `--live` asks for a completion.

use std::time::Duration;

use crate::api::models::Model;
use crate::api::request::RequestOptions;
use crate::app::following::{Show, follow};
use crate::chat::{Answer, Chat};
use crate::config;
use crate::conversation::{Conversation, Message};
use crate::doctor::Status::{Fail, Pass, Skip, Warn};
use crate::doctor::fix::Mend;
use crate::doctor::{Probe, Verdict, mend};
use crate::error::nearest::nearest;
use crate::error::{Error, Explanation, ProblemKind, words};

/// How long `--live` waits for the first word, and between words.
const LIVE_LIMIT: Duration = Duration::from_secs(10);

/// Longest answer of `--live`, in tokens. Models that reason first need some.
const LIVE_TOKENS: u32 = 200;

fn chosen(probe: &Probe<'_>) -> Option<String> {
    let model = probe.settings.as_ref()?.model.as_ref()?;
    Some(model.value.clone())
}

fn answer<'a>(probe: &'a Probe<'_>) -> &'a Answer {
    let answer = probe.answer.as_deref();
    answer.expect("the check of the completion holds")
}

pub fn model(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let models = &probe.catalogue.models;
    let variable = probe.gathered.variable("MODEL_ID");
    let settings = probe.settings.as_ref();
    let settings = settings.expect("the check of the sources holds");
    let Some(model) = &settings.model else {
        let words = words!("doctor::model none", variable);
        return Ok(Warn.found(mend::model(probe, words, None)));
    };
    let (id, source) = (&model.value, &model.source);
    let region = config::region(&settings.url.value);
    let verdict = match models.iter().find(|model| model.id == *id) {
        None if models.is_empty() => Warn.found(words!("doctor::model unchecked", id)),
        None => {
            let ids = models
                .iter()
                .filter(|model| model.is_chat() && !model.is_deprecated());
            let near = nearest(id, ids.map(|model| model.id.as_str()));
            Fail.found(mend::model(
                probe,
                words!("doctor::model unknown", id),
                near,
            ))
        }
        Some(listed) if !listed.is_chat() => {
            let kinds = listed.kinds.join(", ");
            Fail.found(mend::model(
                probe,
                words!("doctor::model kind", id, kinds),
                None,
            ))
        }
        Some(listed) => match region.filter(|region| !listed.is_in(region)) {
            Some(region) => {
                let regions = listed.regions.join(", ");
                let words = words!("doctor::model region", id, region, regions);
                Fail.found(mend::model(probe, words, None))
            }
            None if listed.is_deprecated() => Warn.found(on_its_way_out(probe, listed)),
            None => Pass.found(id),
        },
    };
    Ok(verdict.from(source))
}

/// Its successor, if that can be had, or another.
fn on_its_way_out(probe: &Probe<'_>, listed: &Model) -> Explanation {
    let end = listed.end_of_life();
    let end = end
        .map(|date| format!(" and stops answering on {date}"))
        .unwrap_or_default();
    let id = &listed.id;
    let is_next = |model: &&Model| {
        Some(&model.id) == listed.replacement_model.as_ref() && !model.is_deprecated()
    };
    let next = probe.catalogue.models.iter().find(is_next);
    let words = words!("doctor::model deprecated", id, end);
    mend::model(probe, words, next.map(|model| model.id.as_str()))
}

/// The same failure, with what to do about a key that was refused.
fn judged(probe: &Probe<'_>, error: Error) -> Result<Verdict, Error> {
    match error {
        Error::Service(problem) if problem.kind == ProblemKind::Unauthorized => {
            let verdict = Fail.found(mend::refused_key(probe, *problem));
            Ok(verdict.mend(Mend::Pull))
        }
        other => Err(other),
    }
}

pub fn key_accepted(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let accepted = probe.ask(|client, interrupts, tell| client.probe_key(interrupts, tell));
    let accepted = match accepted {
        Ok(accepted) => accepted,
        Err(error) => return judged(probe, error),
    };
    Ok(match accepted {
        Some(()) => Pass.found("yes; no token was spent"),
        None => Warn.found(words!("doctor::key_accepted unknown")),
    })
}

pub fn request(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(model) = chosen(probe) else {
        return Ok(Skip.found("needs a model"));
    };
    let was_refused =
        probe.ask(|client, interrupts, tell| client.probe_request(&model, interrupts, tell));
    let was_refused = match was_refused {
        Ok(was_refused) => was_refused,
        Err(error) => return judged(probe, error),
    };
    Ok(match was_refused {
        true => Pass.found(format!("yes, for {model}; no token was spent")),
        false => Warn.found(words!("doctor::request answered", model)),
    })
}

pub fn live(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if !probe.live {
        return Ok(Skip.found("only with --live: it spends some tokens"));
    }
    let model = chosen(probe).expect("the check of the request holds");
    let options = RequestOptions {
        stream: true,
        max_tokens: Some(LIVE_TOKENS),
        ..RequestOptions::default()
    };
    let mut chat = Chat::new(
        probe.client(LIVE_LIMIT),
        model,
        options,
        Conversation::default(),
    );
    let prompt = "Count from one to twenty in words, separated by spaces.";
    let saying = chat.say(
        Message::prompt(prompt, Vec::new()),
        &probe.context.interrupts,
    );
    let answer = follow(saying, Show::Nothing, &mut probe.context.screen)?;
    if let Some(cut) = answer.cut {
        return Err(cut);
    }
    let usage = answer.completion.usage.as_ref();
    let tokens = usage.and_then(|usage| usage.total_tokens());
    let found = format!(
        "first word after {:.1} s, all after {:.1} s{}",
        answer.first_word.unwrap_or_default().as_secs_f64(),
        answer.total.as_secs_f64(),
        tokens.map_or_else(String::new, |tokens| format!(", {tokens} tokens spent"))
    );
    probe.answer = Some(answer);
    Ok(Pass.found(found))
}

pub fn streaming(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let answer = answer(probe);
    let spread = (answer.total).saturating_sub(answer.first_word.unwrap_or_default());
    let words = answer.completion.content.split_whitespace().count();
    Ok(match answer.reads {
        _ if words < 5 => Skip.found("the answer was too short to tell"),
        ..2 => Warn.found(words!("doctor::streaming buffered")),
        pieces => Pass.found(format!(
            "{pieces} pieces over {:.1} s",
            spread.as_secs_f64()
        )),
    })
}

pub fn rate_limit(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let head = &answer(probe).head;
    let header = |name, what| head.header(&format!("x-ratelimit-{name}-{what}"));
    let kinds = ["requests", "tokens"].into_iter();
    let exhausted = kinds
        .clone()
        .any(|what| header("remaining", what) == Some("0"));
    let left = kinds.filter_map(|what| {
        let (left, limit) = (header("remaining", what)?, header("limit", what)?);
        Some(format!("{left} of {limit} {what} left"))
    });
    let left = left.collect::<Vec<_>>().join(", ");
    Ok(match left.as_str() {
        "" => Skip.found("the service did not say"),
        _ if exhausted => Warn.found(words!("doctor::rate_limit", left)),
        _ => Pass.found(left),
    })
}
