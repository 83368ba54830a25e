//! The way to the service, one step at a time.

use std::time::{Duration, Instant};

use url::{Host, Url};

use crate::api::wait::Now;
use crate::doctor::{Probe, STEP_LIMIT, Verdict};
use crate::error::{Error, NetworkFailure, ProblemKind, seconds};
use crate::net::{proxy as proxies, reach, tunnel};

/// Clocks further apart than this get a word.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Clocks further apart than this break certificates.
const CLOCK_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The service's address: that of usable settings, or of a URL whose key is still in question.
fn target(probe: &Probe<'_>) -> Url {
    let settings = probe
        .settings
        .as_ref()
        .map(|settings| settings.url.value.clone());
    let found = || {
        let url = probe.gathered.url.as_ref()?;
        probe.gathered.checked_url(url, probe.args).ok()
    };
    settings.or_else(found).expect("the check of the URL holds")
}

pub fn proxy(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let environment = &probe.context.environment;
    let url = target(probe);
    let found = proxies::for_url(&url, environment)?;
    let host = url.host_str().unwrap_or_default();
    let verdict = match &found {
        Some(proxy) => Verdict::pass(format!("{proxy} from {}", proxy.variable)),
        None => match environment.first(proxies::VARIABLES) {
            Some((variable, _)) => {
                Verdict::pass(format!("{variable} is set, and {host} goes without it"))
            }
            None => Verdict::pass("none"),
        },
    };
    probe.proxy = found;
    Ok(verdict)
}

/// Host and port to connect to first.
fn next_hop(probe: &Probe<'_>) -> (String, u16) {
    if let Some(proxy) = &probe.proxy {
        return (proxy.host.clone(), proxy.port);
    }
    let url = target(probe);
    (
        url.host_str().unwrap_or_default().to_owned(),
        url.port_or_known_default().unwrap_or(443),
    )
}

pub fn dns(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let (host, port) = next_hop(probe);
    let asked = host.clone();
    let found = probe
        .context
        .interrupts
        .run(STEP_LIMIT, move || reach::resolve(&asked, port))?;
    let Some(found) = found else {
        let reason = format!("no answer within {}", seconds(STEP_LIMIT));
        return Err(Error::Network(NetworkFailure::UnknownHost { host, reason }));
    };
    probe.addresses = found?;
    let addresses: Vec<String> = probe
        .addresses
        .iter()
        .take(3)
        .map(|address| address.ip().to_string())
        .collect();
    Ok(Verdict::pass(if addresses == [host.as_str()] {
        format!("{host} is an address")
    } else {
        format!("{host} is {}", addresses.join(", "))
    }))
}

pub fn tcp(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let addresses = probe.addresses.clone();
    let connected = probe
        .context
        .interrupts
        .run(STEP_LIMIT, move || reach::connect(&addresses, STEP_LIMIT))?;
    let (host, port) = next_hop(probe);
    let connected = connected.unwrap_or_else(|| {
        Err(Error::Network(NetworkFailure::Unreachable {
            address: format!("{host}:{port}"),
            reason: "no answer".to_owned(),
        }))
    });
    match (connected, &probe.proxy) {
        (Ok(_), _) => Ok(Verdict::pass(format!("{host}:{port} takes connections"))),
        (Err(error), Some(proxy)) => Err(reach::of_proxy(error, proxy)),
        (Err(error), None) => Err(error),
    }
}

pub fn tls(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let url = target(probe);
    if url.scheme() == "http" {
        return Ok(Verdict::pass("not used: the URL is http://"));
    }
    let addresses = probe.addresses.clone();
    let proxy = probe.proxy.clone();
    let environment = probe.context.environment.clone();
    let host = url.host_str().unwrap_or_default().to_owned();
    let (name, port) = (host.clone(), url.port_or_known_default().unwrap_or(443));
    let work = move || {
        let stream = reach::connect(&addresses, STEP_LIMIT)?;
        if let Some(proxy) = &proxy {
            tunnel::connect(&stream, proxy, &name, port, Instant::now() + STEP_LIMIT)?;
        }
        reach::handshake(&name, stream, &environment)
    };
    match probe
        .context
        .interrupts
        .run(STEP_LIMIT + Duration::from_secs(1), work)?
    {
        Some(agreed) => agreed
            .map(|version| Verdict::pass(format!("{version}, and the certificate is trusted"))),
        None => Err(Error::Network(NetworkFailure::Tls {
            host,
            reason: "no answer".to_owned(),
        })),
    }
}

pub fn catalogue(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    match probe.ask(|client, interrupts, tell| client.catalogue(interrupts, tell)) {
        Ok(catalogue) => {
            let count = catalogue
                .models
                .iter()
                .filter(|model| model.is_chat())
                .count();
            probe.catalogue = catalogue;
            Ok(Verdict::pass(format!("{count} models for chat")))
        }
        // Other servers of this API have none, and can be talked to all the same.
        Err(Error::Service(problem))
            if matches!(
                problem.kind,
                ProblemKind::NotFound | ProblemKind::Unauthorized
            ) =>
        {
            Ok(Verdict::warn(format!(
                "{} has no list of models (status {})",
                problem.host, problem.status
            ))
            .hint("That is usual for servers other than Heroku's; models can't be checked there"))
        }
        Err(Error::Network(NetworkFailure::TimedOut { limit, .. })) => Ok(Verdict::fail(format!(
            "connected, and no whole answer within {}",
            seconds(limit)
        ))
        .hint(
            "Something accepts connections and stays silent: a proxy, a VPN, or the \
                    wrong port in the URL",
        )),
        Err(error) => Err(error),
    }
}

pub fn clock(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(theirs) = probe.catalogue.date else {
        return Ok(Verdict::skip("the service did not say what time it is"));
    };
    let now = Now::read().date;
    let (apart, direction) = match now.duration_since(theirs) {
        Ok(apart) => (apart, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let found = format!(
        "this machine is {} min {direction} the service",
        apart.as_secs() / 60
    );
    let hint = "Set the clock, or let NTP set it: certificates are checked against it";
    Ok(if apart > CLOCK_LIMIT {
        Verdict::fail(found).hint(hint)
    } else if apart > CLOCK_TOLERANCE {
        Verdict::warn(found).hint(hint)
    } else {
        Verdict::pass("agrees with the service's")
    })
}

/// The region of Heroku's inference hosts, such as `eu`.
pub fn region(probe: &Probe<'_>) -> Option<String> {
    let url = target(probe);
    match url.host() {
        Some(Host::Domain(host)) => host
            .strip_suffix(".inference.heroku.com")
            .map(str::to_owned),
        _ => None,
    }
}
