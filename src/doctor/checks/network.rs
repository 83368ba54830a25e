//! The way to the service, one step at a time.

use std::time::{Duration, Instant};

use url::Url;

use crate::api::wait::Now;
use crate::doctor::Status::{Fail, Pass, Skip, Warn};
use crate::doctor::{Probe, STEP_LIMIT, Verdict, mend};
use crate::error::{Error, NetworkFailure, ProblemKind, seconds, words};
use crate::net::{proxy as proxies, reach, tunnel};

/// Clocks further apart than this get a word.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Clocks further apart than this break certificates.
const CLOCK_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The service's address: that of usable settings, or of a URL whose key is still in question.
fn target(probe: &Probe<'_>) -> Url {
    if let Some(settings) = &probe.settings {
        return settings.url.value.clone();
    }
    let url = probe.gathered.url.as_ref();
    url.and_then(|url| probe.gathered.checked_url(url, probe.args).ok())
        .expect("the check of the URL holds")
}

fn host_and_port(url: &Url) -> (String, u16) {
    let host = url.host_str().unwrap_or_default();
    (host.to_owned(), url.port_or_known_default().unwrap_or(443))
}

/// Host and port to connect to first.
fn next_hop(probe: &Probe<'_>) -> (String, u16) {
    match &probe.proxy {
        Some(proxy) => (proxy.host.clone(), proxy.port),
        None => host_and_port(&target(probe)),
    }
}

/// Does a step that can't be interrupted; it fails with `late` if it takes too long.
fn step<T: Send + 'static>(
    probe: &Probe<'_>,
    limit: Duration,
    late: NetworkFailure,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = probe.context.interrupts.run(limit, work)?;
    done.unwrap_or(Err(Error::Network(late)))
}

pub fn proxy(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let environment = &probe.context.environment;
    let url = target(probe);
    probe.proxy = proxies::for_url(&url, environment)?;
    let host = url.host_str().unwrap_or_default();
    let is_set = environment.first(proxies::VARIABLES);
    Ok(match (&probe.proxy, is_set) {
        (Some(proxy), _) => Pass.found(format!("{proxy} from {}", proxy.variable)),
        (None, Some((variable, _))) => {
            Pass.found(format!("{variable} is set, and {host} goes without it"))
        }
        (None, None) => Pass.found("none"),
    })
}

pub fn dns(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let (host, port) = next_hop(probe);
    let late = NetworkFailure::UnknownHost {
        host: host.clone(),
        reason: format!("no answer within {}", seconds(STEP_LIMIT)),
    };
    let name = host.clone();
    probe.addresses = step(probe, STEP_LIMIT, late, move || reach::resolve(&name, port))?;
    let addresses = probe.addresses.iter().take(3);
    let addresses: Vec<_> = addresses.map(|it| it.ip().to_string()).collect();
    Ok(Pass.found(match addresses == [host.as_str()] {
        true => format!("{host} is an address"),
        false => format!("{host} is {}", addresses.join(", ")),
    }))
}

pub fn tcp(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let (host, port) = next_hop(probe);
    let late = NetworkFailure::Unreachable {
        address: format!("{host}:{port}"),
        reason: "no answer".to_owned(),
    };
    let addresses = probe.addresses.clone();
    let connect = move || reach::connect(&addresses, STEP_LIMIT);
    match (step(probe, STEP_LIMIT, late, connect), &probe.proxy) {
        (Ok(_), _) => Ok(Pass.found(format!("{host}:{port} takes connections"))),
        (Err(error), Some(proxy)) => Err(reach::of_proxy(error, proxy)),
        (Err(error), None) => Err(error),
    }
}

pub fn tls(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let url = target(probe);
    if url.scheme() == "http" {
        return Ok(Pass.found("not used: the URL is http://"));
    }
    let (host, port) = host_and_port(&url);
    let late = NetworkFailure::Tls {
        host: host.clone(),
        reason: "no answer".to_owned(),
    };
    let (addresses, proxy) = (probe.addresses.clone(), probe.proxy.clone());
    let environment = probe.context.environment.clone();
    let version = step(
        probe,
        STEP_LIMIT + Duration::from_secs(1),
        late,
        move || {
            let stream = reach::connect(&addresses, STEP_LIMIT)?;
            if let Some(proxy) = &proxy {
                tunnel::connect(&stream, proxy, &host, port, Instant::now() + STEP_LIMIT)?;
            }
            reach::handshake(&host, stream, &environment)
        },
    )?;
    Ok(Pass.found(format!("{version}, and the certificate is trusted")))
}

pub fn catalogue(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    use ProblemKind::{NoAddress, NotFound, Unauthorized};
    match probe.ask(|client, interrupts, tell| client.catalogue(interrupts, tell)) {
        Ok(catalogue) => {
            let models = catalogue.models.iter();
            let count = models.filter(|model| model.is_chat()).count();
            probe.catalogue = catalogue;
            Ok(Pass.found(format!("{count} models for chat")))
        }
        // Other servers of this API have none, and can be talked to all the same.
        Err(Error::Service(problem))
            if matches!(problem.kind, NotFound | NoAddress | Unauthorized) =>
        {
            let (host, status) = (problem.host, problem.status);
            Ok(Warn.found(words!("doctor::catalogue none", host, status)))
        }
        Err(Error::Network(NetworkFailure::TimedOut { limit, .. })) => {
            let limit = seconds(limit);
            Ok(Fail.found(words!("doctor::catalogue silent", limit)))
        }
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(_) if speaks_tls(probe) => {
            let url = target(probe);
            let host = url.host_str().unwrap_or_default();
            let words = words!("doctor::tls instead", host);
            let right = url.as_str().replacen("http://", "https://", 1);
            Ok(Fail.found(mend::url(probe, words, right.trim_end_matches('/'))))
        }
        Err(error) => Err(error),
    }
}

/// Whether what doesn't answer HTTP answers TLS, be its certificate trusted or not.
fn speaks_tls(probe: &Probe<'_>) -> bool {
    let url = target(probe);
    if url.scheme() != "http" || probe.proxy.is_some() {
        return false;
    }
    let host = host_and_port(&url).0;
    let (addresses, environment) = (probe.addresses.clone(), probe.context.environment.clone());
    let greet = move || {
        let stream = reach::connect(&addresses, STEP_LIMIT)?;
        reach::handshake(&host, stream, &environment)
    };
    matches!(
        probe.context.interrupts.run(STEP_LIMIT, greet),
        Ok(Some(
            Ok(_) | Err(Error::Network(NetworkFailure::Certificate { .. }))
        ))
    )
}

pub fn clock(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(theirs) = probe.catalogue.date else {
        return Ok(Skip.found("the service did not say what time it is"));
    };
    let (apart, direction) = match Now::read().date.duration_since(theirs) {
        Ok(apart) => (apart, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let minutes = apart.as_secs() / 60;
    let off = words!("doctor::clock", minutes, direction);
    Ok(if apart > CLOCK_LIMIT {
        Fail.found(off)
    } else if apart > CLOCK_TOLERANCE {
        Warn.found(off)
    } else {
        Pass.found("agrees with the service's")
    })
}
