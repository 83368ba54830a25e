// Makes the classes that the Heroku CLI loads as its commands. Help comes from oclif.manifest.json; all that is typed goes
// to the program as it is.
'use strict'

module.exports = function command(id) {
  const {description} = require('../oclif.manifest.json').commands[id]
  const words = require('./commands.json')[id]
  return class {
    static args = {}
    static description = description
    static flags = {}
    static strict = false

    static run(argv, config) {
      return require('./run')([...words, ...argv], config)
    }
  }
}
