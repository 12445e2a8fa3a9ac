// Threads for work that takes long, one per processor. They are not libuv's, whose few threads
// files and names wait for; and they rank behind the thread that serves, so that it gets a processor
// at once when a request comes in. Their answers reach JavaScript many at a time.
#ifndef STRONGROOM_LANES_H
#define STRONGROOM_LANES_H

#include "arguments.h"

typedef struct Job Job;

struct Job {
  // On one of the threads; must not touch JavaScript.
  void (*work)(Job *job);
  // On JavaScript's thread: answers, and frees the job. `env` is NULL where there is nobody to
  // answer to any more.
  void (*finish)(napi_env env, Job *job);
  Job *next;
};

// Once per environment, before anything else here. False with an exception pending.
bool create_lanes(napi_env env);

// Takes the job over. False if no thread could be had: the job is still the caller's then.
bool enqueue(napi_env env, Job *job);

#endif
