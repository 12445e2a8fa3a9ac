#!/usr/bin/env node
// The `strongroom` command. What it can do stands in src/cli; `strongroom --help` tells.
import process from 'node:process';
import { runScript } from '../tools/run.mjs';

runScript('src/main.ts', process.argv.slice(2));
