#!/usr/bin/env node
import '../dist/src/launch/cli/cli.js'
