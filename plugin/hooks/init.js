// The fast way: starts the program before the Heroku CLI has loaded the rest of itself. It runs before every command of
// the CLI, so for the commands of others it does next to nothing.
'use strict'

module.exports = async function ({id, argv, config}) {
  if (!id || !id.startsWith('ai:')) return
  const words = require('../lib/commands.json')[id]
  if (!words) return
  silence(config)
  return require('../lib/run')([...words, ...argv], config)
}

// The CLI's own hooks run side by side with this one. They would write into the program's screen (an update is available,
// the terms have changed), and handlers for Ctrl-C that telemetry sets up would end the CLI under it. Those that have not
// begun don't begin, and the next command of the CLI makes up for them. Hooks of plugins that the user installed run, but
// what they print from now on is not shown.
function silence(config) {
  for (const plugin of config.plugins.values()) {
    if (plugin.type === 'core' && plugin.hooks.init) plugin.hooks.init.length = 0
  }
  for (const stream of [process.stdout, process.stderr]) stream.write = () => true
}
